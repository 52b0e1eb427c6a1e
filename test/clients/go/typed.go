package main

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// typed works with objects through the typed client, in JSON and in protobuf.
func typed(ctx context.Context, config *rest.Config) error {
	asJSON := rest.CopyConfig(config)
	asJSON.ContentType = "application/json"
	asJSON.AcceptContentTypes = "application/json"
	for _, in := range []struct {
		name   string
		config *rest.Config
	}{{"JSON", asJSON}, {"protobuf", protobuf(config)}} {
		fmt.Printf("%s\n", in.name)
		recorded, requests := recording(in.config)
		client, err := kubernetes.NewForConfig(recorded)
		if err != nil {
			return err
		}
		for _, step := range []func(context.Context, kubernetes.Interface) error{
			writes, patches, apply, watches, tooOld, pages, collection, roles,
		} {
			if err := step(ctx, client); err != nil {
				return err
			}
			requests.print(byContentType)
		}
	}
	return nil
}

func configMap(name string, labels map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Data:       map[string]string{"a": "1"},
	}
}

func writes(ctx context.Context, client kubernetes.Interface) error {
	objects := client.CoreV1().ConfigMaps(workNamespace)
	made, err := objects.Create(ctx, configMap("written", nil), metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	show("create, dry run", made, err)
	made, err = objects.Create(ctx, configMap("written", nil), metav1.CreateOptions{})
	show("create", made, err)
	_, err = objects.Create(ctx, configMap("written", nil), metav1.CreateOptions{})
	show("create again", nil, err)
	_, err = objects.Create(ctx, configMap("NOT A NAME", nil), metav1.CreateOptions{})
	show("create with a bad name", nil, err)
	got, err := objects.Get(ctx, "written", metav1.GetOptions{})
	show("get", got, err)
	if err != nil {
		return err
	}
	stale := got.DeepCopy()
	got.Data["b"] = "2"
	updated, err := objects.Update(ctx, got, metav1.UpdateOptions{})
	show("update", updated, err)
	_, err = objects.Update(ctx, stale, metav1.UpdateOptions{})
	show("update of a stale object", nil, err)
	uid := types.UID("another")
	err = objects.Delete(ctx, "written", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &uid}})
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("a failed precondition gave %v", err)
	}
	show("delete", nil, objects.Delete(ctx, "written", metav1.DeleteOptions{}))
	_, err = objects.Get(ctx, "written", metav1.GetOptions{})
	show("get of what is gone", nil, err)
	return nil
}

func patches(ctx context.Context, client kubernetes.Interface) error {
	objects := client.CoreV1().ConfigMaps(workNamespace)
	made, err := objects.Create(ctx, configMap("patched", nil), metav1.CreateOptions{})
	show("create", made, err)
	for _, patch := range []struct {
		kind types.PatchType
		body string
	}{
		{types.JSONPatchType, `[{"op":"add","path":"/data/b","value":"2"}]`},
		{types.MergePatchType, `{"data":{"c":"3"}}`},
		{types.StrategicMergePatchType, `{"data":{"a":null}}`},
		{types.JSONPatchType, `[{"op":"test","path":"/data/b","value":"another"}]`},
		{types.MergePatchType, `not JSON`},
		{types.MergePatchType, `{"metadata":{"resourceVersion":"1"}}`},
	} {
		patched, err := objects.Patch(ctx, "patched", patch.kind, []byte(patch.body), metav1.PatchOptions{})
		show(fmt.Sprintf("%s %s", patch.kind, patch.body), patched, err)
	}
	strict := metav1.PatchOptions{FieldValidation: metav1.FieldValidationStrict}
	_, err = objects.Patch(ctx, "patched", types.MergePatchType, []byte(`{"unknown":{}}`), strict)
	if err == nil {
		return errors.New("an unknown field was taken")
	}
	// Before its end the message holds the whole object.
	message := err.Error()
	fmt.Printf("  an unknown field, strictly: %s %s\n", apierrors.ReasonForError(err), message[strings.LastIndex(message, "}"):])
	return objects.Delete(ctx, "patched", metav1.DeleteOptions{})
}

func apply(ctx context.Context, client kubernetes.Interface) error {
	objects := client.CoreV1().ConfigMaps(workNamespace)
	wanted := func(value string) *applycorev1.ConfigMapApplyConfiguration {
		return applycorev1.ConfigMap("applied", workNamespace).WithData(map[string]string{"a": value})
	}
	for _, manager := range []metav1.ApplyOptions{
		{FieldManager: "one"},
		{FieldManager: "two"},
		{FieldManager: "two", Force: true},
	} {
		applied, err := objects.Apply(ctx, wanted(manager.FieldManager), manager)
		show(fmt.Sprintf("apply by %s, force %t", manager.FieldManager, manager.Force), applied, err)
		if err == nil {
			for _, fields := range applied.ManagedFields {
				fmt.Printf("    %s %s %s\n", fields.Manager, fields.Operation, fields.FieldsV1)
			}
		}
	}
	return objects.Delete(ctx, "applied", metav1.DeleteOptions{})
}

func watches(ctx context.Context, client kubernetes.Interface) error {
	objects := client.CoreV1().ConfigMaps(workNamespace)
	labels := map[string]string{"watched": "yes"}
	selector := "watched=yes"
	list, err := objects.List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return err
	}
	watching, err := objects.Watch(ctx, metav1.ListOptions{
		LabelSelector: selector, ResourceVersion: list.ResourceVersion, AllowWatchBookmarks: true,
	})
	if err != nil {
		return err
	}
	defer watching.Stop()
	for _, name := range []string{"first", "second", "last"} {
		made, err := objects.Create(ctx, configMap(name, labels), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		made.BinaryData = map[string][]byte{"big": pattern(500_000, 7)}
		if _, err := objects.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
			return err
		}
		if err := objects.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	for {
		select {
		case event, open := <-watching.ResultChan():
			if !open {
				return errors.New("the watch ended before its last event")
			}
			if event.Type == watch.Bookmark {
				continue
			}
			object, isConfigMap := event.Object.(*corev1.ConfigMap)
			if !isConfigMap {
				return fmt.Errorf("a %s event of %T", event.Type, event.Object)
			}
			fmt.Printf("  %s %s %s\n", event.Type, object.Name, sum(object.BinaryData["big"]))
			if event.Type == watch.Deleted && object.Name == "last" {
				return nil
			}
		case <-ctx.Done():
			return errors.New("the watch never gave its last event")
		}
	}
}

// tooOld asks for a watch from before the beginning of time, and for the rest of a list that is long forgotten.
func tooOld(ctx context.Context, client kubernetes.Interface) error {
	objects := client.CoreV1().ConfigMaps(objectsNamespace)
	watching, err := objects.Watch(ctx, metav1.ListOptions{ResourceVersion: "1"})
	if err != nil {
		fmt.Printf("  watch from 1 is refused: %s\n", apierrors.ReasonForError(err))
	} else {
		event := <-watching.ResultChan()
		watching.Stop()
		fmt.Printf("  watch from 1: %s %s\n", event.Type, apierrors.ReasonForError(apierrors.FromObject(event.Object)))
	}
	_, err = objects.List(ctx, metav1.ListOptions{Limit: 1, Continue: "nonsense"})
	show("continue with nonsense", nil, err)
	return nil
}

func pages(ctx context.Context, client kubernetes.Interface) error {
	objects := client.CoreV1().ConfigMaps(objectsNamespace)
	options := metav1.ListOptions{Limit: 700}
	var all []corev1.ConfigMap
	var remaining []string
	for {
		page, err := objects.List(ctx, options)
		if err != nil {
			return err
		}
		all = append(all, page.Items...)
		if page.Continue == "" {
			break
		}
		remaining = append(remaining, fmt.Sprint(*page.RemainingItemCount))
		options.Continue = page.Continue
	}
	hash, err := digest(all, func(object corev1.ConfigMap) string { return object.Name })
	if err != nil {
		return err
	}
	fmt.Printf("  pages: %d objects, SHA-256 %s, remaining %s\n", len(all), hash, strings.Join(remaining, " "))
	whole, err := objects.List(ctx, metav1.ListOptions{ResourceVersion: "0", LabelSelector: "tenth in (3,7)"})
	if err != nil {
		return err
	}
	if hash, err = digest(whole.Items, func(object corev1.ConfigMap) string { return object.Name }); err != nil {
		return err
	}
	fmt.Printf("  selected: %d objects, SHA-256 %s\n", len(whole.Items), hash)
	return nil
}

func collection(ctx context.Context, client kubernetes.Interface) error {
	objects := client.CoreV1().ConfigMaps(workNamespace)
	for i := range 30 {
		labels := map[string]string{"collection": fmt.Sprint(i % 3)}
		if _, err := objects.Create(ctx, configMap(fmt.Sprintf("member-%02d", i), labels), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	for _, selector := range []string{"collection in (0,2)", "collection"} {
		err := objects.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: selector})
		show("delete where "+selector, nil, err)
		left, err := objects.List(ctx, metav1.ListOptions{LabelSelector: "collection"})
		if err != nil {
			return err
		}
		names := make([]string, 0, len(left.Items))
		for _, object := range left.Items {
			names = append(names, object.Name)
		}
		sort.Strings(names)
		fmt.Printf("  left: %s\n", strings.Join(names, " "))
	}
	return nil
}

// roles: a user can only give rights that it has.
func roles(ctx context.Context, client kubernetes.Interface) error {
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "everything"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}},
	}
	made, err := client.RbacV1().Roles(workNamespace).Create(ctx, role, metav1.CreateOptions{})
	if err == nil {
		fmt.Printf("  a role: %v\n", made.Rules)
	}
	show("create a role", nil, err)
	return client.RbacV1().Roles(workNamespace).Delete(ctx, "everything", metav1.DeleteOptions{})
}

// show prints what an operation gave: of an object all but what is another one's each time it is made.
func show(operation string, object any, err error) {
	if err != nil {
		fmt.Printf("  %s: %s: %s\n", operation, apierrors.ReasonForError(err), err)
		return
	}
	made, isConfigMap := object.(*corev1.ConfigMap)
	if !isConfigMap {
		fmt.Printf("  %s: done\n", operation)
		return
	}
	fmt.Printf("  %s: %s/%s %v\n", operation, made.Namespace, made.Name, made.Data)
}
