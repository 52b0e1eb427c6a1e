package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	// The harness finds every process of a control plane by this variable.
	planeVariable = "MCTUNNEL_TEST_PLANE"
)

// environment is what the container's processes get: nothing of the node's own except the mark of its control plane.
func (c *container) environment(ctx context.Context) ([]string, error) {
	env := map[string]string{}
	for _, source := range c.spec.EnvFrom {
		values, err := c.pod.valuesOf(ctx, source.ConfigMapRef, source.SecretRef)
		if err != nil {
			return nil, err
		}
		for key, value := range values {
			env[source.Prefix+key] = value
		}
	}
	list := []string{"PATH=" + defaultPath, "HOSTNAME=" + c.pod.name, planeVariable + "=" + os.Getenv(planeVariable)}
	for _, key := range slices.Sorted(maps.Keys(env)) {
		list = append(list, key+"="+env[key])
	}
	for _, variable := range c.spec.Env {
		value := expand(variable.Value, list)
		if from := variable.ValueFrom; from != nil {
			var found bool
			var err error
			if value, found, err = c.pod.valueFrom(ctx, from); err != nil {
				return nil, fmt.Errorf("environment variable %s: %w", variable.Name, err)
			}
			if !found {
				continue
			}
		}
		list = append(list, variable.Name+"="+value)
	}
	return list, nil
}

func (p *pod) valueFrom(ctx context.Context, from *core.EnvVarSource) (value string, found bool, err error) {
	var name, key string
	var optional *bool
	var values map[string]string
	switch {
	case from.FieldRef != nil:
		value, err = p.field(from.FieldRef.FieldPath)
		return value, err == nil, err
	case from.ConfigMapKeyRef != nil:
		ref := from.ConfigMapKeyRef
		name, key, optional = ref.Name, ref.Key, ref.Optional
		values, err = p.valuesOf(ctx, &core.ConfigMapEnvSource{LocalObjectReference: ref.LocalObjectReference, Optional: optional}, nil)
	case from.SecretKeyRef != nil:
		ref := from.SecretKeyRef
		name, key, optional = ref.Name, ref.Key, ref.Optional
		values, err = p.valuesOf(ctx, nil, &core.SecretEnvSource{LocalObjectReference: ref.LocalObjectReference, Optional: optional})
	default:
		return "", false, fmt.Errorf("this node knows fieldRef, configMapKeyRef and secretKeyRef only")
	}
	if err != nil {
		return "", false, err
	}
	value, found = values[key]
	if !found && (optional == nil || !*optional) {
		return "", false, fmt.Errorf("couldn't find key %s in %s/%s", key, p.namespace, name)
	}
	return value, found, nil
}

func (p *pod) valuesOf(ctx context.Context, configMap *core.ConfigMapEnvSource, secret *core.SecretEnvSource) (map[string]string, error) {
	values := map[string]string{}
	var optional *bool
	var err error
	switch {
	case configMap != nil:
		optional = configMap.Optional
		var object *core.ConfigMap
		if object, err = p.pods.client.CoreV1().ConfigMaps(p.namespace).Get(ctx, configMap.Name, meta.GetOptions{}); err == nil {
			maps.Copy(values, object.Data)
		}
	case secret != nil:
		optional = secret.Optional
		var object *core.Secret
		if object, err = p.pods.client.CoreV1().Secrets(p.namespace).Get(ctx, secret.Name, meta.GetOptions{}); err == nil {
			for key, value := range object.Data {
				values[key] = string(value)
			}
		}
	}
	if apierrors.IsNotFound(err) && optional != nil && *optional {
		return values, nil
	}
	return values, err
}

// field is a field of the downward API.
func (p *pod) field(path string) (string, error) {
	object := p.latest()
	lookup := func(values map[string]string, prefix string) (string, bool) {
		key, ok := strings.CutPrefix(path, prefix+"['")
		if ok {
			key, ok = strings.CutSuffix(key, "']")
		}
		return values[key], ok
	}
	if value, ok := lookup(object.Labels, "metadata.labels"); ok {
		return value, nil
	}
	if value, ok := lookup(object.Annotations, "metadata.annotations"); ok {
		return value, nil
	}
	switch path {
	case "metadata.name":
		return p.name, nil
	case "metadata.namespace":
		return p.namespace, nil
	case "metadata.uid":
		return string(p.uid), nil
	case "spec.nodeName":
		return object.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return object.Spec.ServiceAccountName, nil
	case "status.hostIP", "status.hostIPs":
		return p.pods.network.nodeIP.String(), nil
	case "status.podIP", "status.podIPs":
		return p.ip.String(), nil
	}
	return "", fmt.Errorf("unsupported fieldPath: %s", path)
}

func expandAll(texts, env []string) []string {
	expanded := make([]string, len(texts))
	for i, text := range texts {
		expanded[i] = expand(text, env)
	}
	return expanded
}

// expand replaces $(NAME) by the variable's value; an unknown name stays, and $$ is a plain $.
func expand(text string, env []string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		switch text[i+1] {
		case '$':
			out.WriteByte('$')
			i++
		case '(':
			end := strings.IndexByte(text[i:], ')')
			if end < 0 {
				out.WriteByte('$')
				continue
			}
			name := text[i+2 : i+end]
			if value, ok := lookupEnv(env, name); ok {
				out.WriteString(value)
			} else {
				out.WriteString(text[i : i+end+1])
			}
			i += end
		default:
			out.WriteByte('$')
		}
	}
	return out.String()
}

func lookupEnv(env []string, name string) (string, bool) {
	for _, variable := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value, true
		}
	}
	return "", false
}
