package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"

	openapi_v2 "github.com/google/gnostic-models/openapiv2"
	"google.golang.org/protobuf/encoding/protojson"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/kube-openapi/pkg/util/proto"
	"sigs.k8s.io/yaml"
)

// openAPI reads OpenAPI v2 as protobuf, as kubectl before 1.29 does, and fails when that does not say the same as the JSON.
func openAPI(ctx context.Context, config *rest.Config) error {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return err
	}
	decoded, err := client.OpenAPISchema()
	if err != nil {
		return fmt.Errorf("as protobuf: %w", err)
	}
	text, err := client.RESTClient().Get().AbsPath("/openapi/v2").SetHeader("Accept", "application/json").DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("as JSON: %w", err)
	}
	parsed, err := openapi_v2.ParseDocument(text)
	if err != nil {
		return fmt.Errorf("the JSON: %w", err)
	}
	ours, err := canonical(decoded)
	if err != nil {
		return err
	}
	gnostics, err := canonical(parsed)
	if err != nil {
		return err
	}
	if difference := firstDifference("document", ours, gnostics); difference != "" {
		return fmt.Errorf("not what the JSON says: %s", difference)
	}
	if len(decoded.ProtoReflect().GetUnknown()) != 0 {
		return fmt.Errorf("unknown fields")
	}
	models, err := proto.NewOpenAPIData(decoded)
	if err != nil {
		return fmt.Errorf("as models: %w", err)
	}
	names := models.ListModels()
	sort.Strings(names)
	for _, name := range names {
		fmt.Println(name)
	}
	fmt.Printf("paths: %d\n", len(decoded.GetPaths().GetPath()))
	return nil
}

// canonical is the document as JSON values, with the YAML in it as what it means.
func canonical(document *openapi_v2.Document) (any, error) {
	text, err := protojson.Marshal(document)
	if err != nil {
		return nil, err
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	return value, meaning(value)
}

func meaning(value any) error {
	switch node := value.(type) {
	case []any:
		for _, child := range node {
			if err := meaning(child); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, child := range node {
			text, isText := child.(string)
			if key != "yaml" || !isText {
				if err := meaning(child); err != nil {
					return err
				}
				continue
			}
			var meant any
			if err := yaml.Unmarshal([]byte(text), &meant); err != nil {
				return err
			}
			node[key] = meant
		}
	}
	return nil
}

func firstDifference(path string, a, b any) string {
	if reflect.DeepEqual(a, b) {
		return ""
	}
	objectA, isObjectA := a.(map[string]any)
	objectB, isObjectB := b.(map[string]any)
	if isObjectA && isObjectB {
		for key := range objectB {
			if difference := firstDifference(path+"."+key, objectA[key], objectB[key]); difference != "" {
				return difference
			}
		}
	}
	listA, isListA := a.([]any)
	listB, isListB := b.([]any)
	if isListA && isListB && len(listA) == len(listB) {
		for index := range listB {
			if difference := firstDifference(fmt.Sprintf("%s[%d]", path, index), listA[index], listB[index]); difference != "" {
				return difference
			}
		}
	}
	return fmt.Sprintf("%s: %v, not %v", path, a, b)
}
