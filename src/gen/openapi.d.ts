import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace mctunnel. */
export namespace mctunnel {

    /** Namespace openapi. */
    namespace openapi {

        /** Namespace v2. */
        namespace v2 {

            /**
             * Properties of a Document.
             * @deprecated Use mctunnel.openapi.v2.Document.$Properties instead.
             */
            interface IDocument extends mctunnel.openapi.v2.Document.$Properties {
            }

            /** Represents a Document. */
            class Document {

                /**
                 * Constructs a new Document.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Document.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Document swagger. */
                swagger: string;

                /** Document info. */
                info?: (mctunnel.openapi.v2.Info.$Properties|null);

                /** Document paths. */
                paths?: (mctunnel.openapi.v2.Paths.$Properties|null);

                /** Document definitions. */
                definitions?: (mctunnel.openapi.v2.Definitions.$Properties|null);

                /**
                 * Encodes the specified Document message. Does not implicitly {@link mctunnel.openapi.v2.Document.verify|verify} messages.
                 * @param message Document message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Document.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Document {

                /** Properties of a Document. */
                interface $Properties {

                    /** Document swagger */
                    swagger?: (string|null);

                    /** Document info */
                    info?: (mctunnel.openapi.v2.Info.$Properties|null);

                    /** Document paths */
                    paths?: (mctunnel.openapi.v2.Paths.$Properties|null);

                    /** Document definitions */
                    definitions?: (mctunnel.openapi.v2.Definitions.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Document. */
                type $Shape = {
                  swagger?: string|null;
                  info?: mctunnel.openapi.v2.Info.$Shape|null;
                  paths?: mctunnel.openapi.v2.Paths.$Shape|null;
                  definitions?: mctunnel.openapi.v2.Definitions.$Shape|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of an Info.
             * @deprecated Use mctunnel.openapi.v2.Info.$Properties instead.
             */
            interface IInfo extends mctunnel.openapi.v2.Info.$Properties {
            }

            /** Represents an Info. */
            class Info {

                /**
                 * Constructs a new Info.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Info.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Info title. */
                title: string;

                /** Info version. */
                version: string;

                /**
                 * Encodes the specified Info message. Does not implicitly {@link mctunnel.openapi.v2.Info.verify|verify} messages.
                 * @param message Info message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Info.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Info {

                /** Properties of an Info. */
                interface $Properties {

                    /** Info title */
                    title?: (string|null);

                    /** Info version */
                    version?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Info. */
                type $Shape = mctunnel.openapi.v2.Info.$Properties;
            }

            /**
             * Properties of a Paths.
             * @deprecated Use mctunnel.openapi.v2.Paths.$Properties instead.
             */
            interface IPaths extends mctunnel.openapi.v2.Paths.$Properties {
            }

            /** Represents a Paths. */
            class Paths {

                /**
                 * Constructs a new Paths.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Paths.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Paths path. */
                path: mctunnel.openapi.v2.NamedPathItem.$Properties[];

                /**
                 * Encodes the specified Paths message. Does not implicitly {@link mctunnel.openapi.v2.Paths.verify|verify} messages.
                 * @param message Paths message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Paths.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Paths {

                /** Properties of a Paths. */
                interface $Properties {

                    /** Paths path */
                    path?: (mctunnel.openapi.v2.NamedPathItem.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Paths. */
                type $Shape = {
                  path?: mctunnel.openapi.v2.NamedPathItem.$Shape[]|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a NamedPathItem.
             * @deprecated Use mctunnel.openapi.v2.NamedPathItem.$Properties instead.
             */
            interface INamedPathItem extends mctunnel.openapi.v2.NamedPathItem.$Properties {
            }

            /** Represents a NamedPathItem. */
            class NamedPathItem {

                /**
                 * Constructs a new NamedPathItem.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.NamedPathItem.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** NamedPathItem name. */
                name: string;

                /** NamedPathItem value. */
                value?: (mctunnel.openapi.v2.PathItem.$Properties|null);

                /**
                 * Encodes the specified NamedPathItem message. Does not implicitly {@link mctunnel.openapi.v2.NamedPathItem.verify|verify} messages.
                 * @param message NamedPathItem message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.NamedPathItem.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace NamedPathItem {

                /** Properties of a NamedPathItem. */
                interface $Properties {

                    /** NamedPathItem name */
                    name?: (string|null);

                    /** NamedPathItem value */
                    value?: (mctunnel.openapi.v2.PathItem.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a NamedPathItem. */
                type $Shape = {
                  name?: string|null;
                  value?: mctunnel.openapi.v2.PathItem.$Shape|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a PathItem.
             * @deprecated Use mctunnel.openapi.v2.PathItem.$Properties instead.
             */
            interface IPathItem extends mctunnel.openapi.v2.PathItem.$Properties {
            }

            /** Represents a PathItem. */
            class PathItem {

                /**
                 * Constructs a new PathItem.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.PathItem.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PathItem get. */
                get?: (mctunnel.openapi.v2.Operation.$Properties|null);

                /** PathItem put. */
                put?: (mctunnel.openapi.v2.Operation.$Properties|null);

                /** PathItem post. */
                post?: (mctunnel.openapi.v2.Operation.$Properties|null);

                /** PathItem delete. */
                delete?: (mctunnel.openapi.v2.Operation.$Properties|null);

                /** PathItem options. */
                options?: (mctunnel.openapi.v2.Operation.$Properties|null);

                /** PathItem head. */
                head?: (mctunnel.openapi.v2.Operation.$Properties|null);

                /** PathItem patch. */
                patch?: (mctunnel.openapi.v2.Operation.$Properties|null);

                /**
                 * Encodes the specified PathItem message. Does not implicitly {@link mctunnel.openapi.v2.PathItem.verify|verify} messages.
                 * @param message PathItem message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.PathItem.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace PathItem {

                /** Properties of a PathItem. */
                interface $Properties {

                    /** PathItem get */
                    get?: (mctunnel.openapi.v2.Operation.$Properties|null);

                    /** PathItem put */
                    put?: (mctunnel.openapi.v2.Operation.$Properties|null);

                    /** PathItem post */
                    post?: (mctunnel.openapi.v2.Operation.$Properties|null);

                    /** PathItem delete */
                    "delete"?: (mctunnel.openapi.v2.Operation.$Properties|null);

                    /** PathItem options */
                    options?: (mctunnel.openapi.v2.Operation.$Properties|null);

                    /** PathItem head */
                    head?: (mctunnel.openapi.v2.Operation.$Properties|null);

                    /** PathItem patch */
                    patch?: (mctunnel.openapi.v2.Operation.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PathItem. */
                type $Shape = {
                  get?: mctunnel.openapi.v2.Operation.$Shape|null;
                  put?: mctunnel.openapi.v2.Operation.$Shape|null;
                  post?: mctunnel.openapi.v2.Operation.$Shape|null;
                  "delete"?: mctunnel.openapi.v2.Operation.$Shape|null;
                  options?: mctunnel.openapi.v2.Operation.$Shape|null;
                  head?: mctunnel.openapi.v2.Operation.$Shape|null;
                  patch?: mctunnel.openapi.v2.Operation.$Shape|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of an Operation.
             * @deprecated Use mctunnel.openapi.v2.Operation.$Properties instead.
             */
            interface IOperation extends mctunnel.openapi.v2.Operation.$Properties {
            }

            /** Represents an Operation. */
            class Operation {

                /**
                 * Constructs a new Operation.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Operation.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Operation tags. */
                tags: string[];

                /** Operation description. */
                description: string;

                /** Operation operationId. */
                operationId: string;

                /** Operation produces. */
                produces: string[];

                /** Operation consumes. */
                consumes: string[];

                /** Operation parameters. */
                parameters: mctunnel.openapi.v2.ParameterOrReference.$Properties[];

                /** Operation responses. */
                responses?: (mctunnel.openapi.v2.Responses.$Properties|null);

                /** Operation schemes. */
                schemes: string[];

                /** Operation extensions. */
                extensions: mctunnel.openapi.v2.NamedValue.$Properties[];

                /**
                 * Encodes the specified Operation message. Does not implicitly {@link mctunnel.openapi.v2.Operation.verify|verify} messages.
                 * @param message Operation message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Operation.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Operation {

                /** Properties of an Operation. */
                interface $Properties {

                    /** Operation tags */
                    tags?: (string[]|null);

                    /** Operation description */
                    description?: (string|null);

                    /** Operation operationId */
                    operationId?: (string|null);

                    /** Operation produces */
                    produces?: (string[]|null);

                    /** Operation consumes */
                    consumes?: (string[]|null);

                    /** Operation parameters */
                    parameters?: (mctunnel.openapi.v2.ParameterOrReference.$Properties[]|null);

                    /** Operation responses */
                    responses?: (mctunnel.openapi.v2.Responses.$Properties|null);

                    /** Operation schemes */
                    schemes?: (string[]|null);

                    /** Operation extensions */
                    extensions?: (mctunnel.openapi.v2.NamedValue.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Operation. */
                type $Shape = {
                  tags?: string[]|null;
                  description?: string|null;
                  operationId?: string|null;
                  produces?: string[]|null;
                  consumes?: string[]|null;
                  parameters?: mctunnel.openapi.v2.ParameterOrReference.$Shape[]|null;
                  responses?: mctunnel.openapi.v2.Responses.$Shape|null;
                  schemes?: string[]|null;
                  extensions?: mctunnel.openapi.v2.NamedValue.$Shape[]|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a ParameterOrReference.
             * @deprecated Use mctunnel.openapi.v2.ParameterOrReference.$Properties instead.
             */
            interface IParameterOrReference extends mctunnel.openapi.v2.ParameterOrReference.$Properties {
            }

            /** Represents a ParameterOrReference. */
            class ParameterOrReference {

                /**
                 * Constructs a new ParameterOrReference.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.ParameterOrReference.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ParameterOrReference parameter. */
                parameter?: (mctunnel.openapi.v2.Parameter.$Properties|null);

                /**
                 * Encodes the specified ParameterOrReference message. Does not implicitly {@link mctunnel.openapi.v2.ParameterOrReference.verify|verify} messages.
                 * @param message ParameterOrReference message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.ParameterOrReference.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace ParameterOrReference {

                /** Properties of a ParameterOrReference. */
                interface $Properties {

                    /** ParameterOrReference parameter */
                    parameter?: (mctunnel.openapi.v2.Parameter.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ParameterOrReference. */
                type $Shape = {
                  parameter?: mctunnel.openapi.v2.Parameter.$Shape|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a Parameter.
             * @deprecated Use mctunnel.openapi.v2.Parameter.$Properties instead.
             */
            interface IParameter extends mctunnel.openapi.v2.Parameter.$Properties {
            }

            /** Represents a Parameter. */
            class Parameter {

                /**
                 * Constructs a new Parameter.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Parameter.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Parameter body. */
                body?: (mctunnel.openapi.v2.BodyParameter.$Properties|null);

                /** Parameter other. */
                other?: (mctunnel.openapi.v2.OtherParameter.$Properties|null);

                /** Parameter kind. */
                kind?: ("body"|"other");

                /**
                 * Encodes the specified Parameter message. Does not implicitly {@link mctunnel.openapi.v2.Parameter.verify|verify} messages.
                 * @param message Parameter message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Parameter.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Parameter {

                /** Properties of a Parameter. */
                interface $Properties {

                    /** Parameter body */
                    body?: (mctunnel.openapi.v2.BodyParameter.$Properties|null);

                    /** Parameter other */
                    other?: (mctunnel.openapi.v2.OtherParameter.$Properties|null);

                    /** Parameter kind */
                    kind?: ("body"|"other");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a Parameter. */
                type $Shape = {
                  body?: mctunnel.openapi.v2.BodyParameter.$Shape|null;
                  other?: mctunnel.openapi.v2.OtherParameter.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ kind?: undefined; body?: null; other?: null }|{ kind?: "body"; body: mctunnel.openapi.v2.BodyParameter.$Shape; other?: null }|{ kind?: "other"; body?: null; other: mctunnel.openapi.v2.OtherParameter.$Shape })
                );
            }

            /**
             * Properties of a BodyParameter.
             * @deprecated Use mctunnel.openapi.v2.BodyParameter.$Properties instead.
             */
            interface IBodyParameter extends mctunnel.openapi.v2.BodyParameter.$Properties {
            }

            /** Represents a BodyParameter. */
            class BodyParameter {

                /**
                 * Constructs a new BodyParameter.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.BodyParameter.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** BodyParameter name. */
                name: string;

                /** BodyParameter in. */
                in: string;

                /** BodyParameter schema. */
                schema?: (mctunnel.openapi.v2.Schema.$Properties|null);

                /**
                 * Encodes the specified BodyParameter message. Does not implicitly {@link mctunnel.openapi.v2.BodyParameter.verify|verify} messages.
                 * @param message BodyParameter message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.BodyParameter.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace BodyParameter {

                /** Properties of a BodyParameter. */
                interface $Properties {

                    /** BodyParameter name */
                    name?: (string|null);

                    /** BodyParameter in */
                    "in"?: (string|null);

                    /** BodyParameter schema */
                    schema?: (mctunnel.openapi.v2.Schema.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a BodyParameter. */
                type $Shape = mctunnel.openapi.v2.BodyParameter.$Properties;
            }

            /**
             * Properties of an OtherParameter.
             * @deprecated Use mctunnel.openapi.v2.OtherParameter.$Properties instead.
             */
            interface IOtherParameter extends mctunnel.openapi.v2.OtherParameter.$Properties {
            }

            /** Represents an OtherParameter. */
            class OtherParameter {

                /**
                 * Constructs a new OtherParameter.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.OtherParameter.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** OtherParameter query. */
                query?: (mctunnel.openapi.v2.QueryParameter.$Properties|null);

                /** OtherParameter path. */
                path?: (mctunnel.openapi.v2.PathParameter.$Properties|null);

                /** OtherParameter kind. */
                kind?: ("query"|"path");

                /**
                 * Encodes the specified OtherParameter message. Does not implicitly {@link mctunnel.openapi.v2.OtherParameter.verify|verify} messages.
                 * @param message OtherParameter message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.OtherParameter.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace OtherParameter {

                /** Properties of an OtherParameter. */
                interface $Properties {

                    /** OtherParameter query */
                    query?: (mctunnel.openapi.v2.QueryParameter.$Properties|null);

                    /** OtherParameter path */
                    path?: (mctunnel.openapi.v2.PathParameter.$Properties|null);

                    /** OtherParameter kind */
                    kind?: ("query"|"path");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of an OtherParameter. */
                type $Shape = {
                  query?: mctunnel.openapi.v2.QueryParameter.$Shape|null;
                  path?: mctunnel.openapi.v2.PathParameter.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ kind?: undefined; query?: null; path?: null }|{ kind?: "query"; query: mctunnel.openapi.v2.QueryParameter.$Shape; path?: null }|{ kind?: "path"; query?: null; path: mctunnel.openapi.v2.PathParameter.$Shape })
                );
            }

            /**
             * Properties of a QueryParameter.
             * @deprecated Use mctunnel.openapi.v2.QueryParameter.$Properties instead.
             */
            interface IQueryParameter extends mctunnel.openapi.v2.QueryParameter.$Properties {
            }

            /** Represents a QueryParameter. */
            class QueryParameter {

                /**
                 * Constructs a new QueryParameter.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.QueryParameter.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** QueryParameter in. */
                in: string;

                /** QueryParameter description. */
                description: string;

                /** QueryParameter name. */
                name: string;

                /** QueryParameter type. */
                type: string;

                /** QueryParameter uniqueItems. */
                uniqueItems: boolean;

                /**
                 * Encodes the specified QueryParameter message. Does not implicitly {@link mctunnel.openapi.v2.QueryParameter.verify|verify} messages.
                 * @param message QueryParameter message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.QueryParameter.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace QueryParameter {

                /** Properties of a QueryParameter. */
                interface $Properties {

                    /** QueryParameter in */
                    "in"?: (string|null);

                    /** QueryParameter description */
                    description?: (string|null);

                    /** QueryParameter name */
                    name?: (string|null);

                    /** QueryParameter type */
                    type?: (string|null);

                    /** QueryParameter uniqueItems */
                    uniqueItems?: (boolean|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a QueryParameter. */
                type $Shape = mctunnel.openapi.v2.QueryParameter.$Properties;
            }

            /**
             * Properties of a PathParameter.
             * @deprecated Use mctunnel.openapi.v2.PathParameter.$Properties instead.
             */
            interface IPathParameter extends mctunnel.openapi.v2.PathParameter.$Properties {
            }

            /** Represents a PathParameter. */
            class PathParameter {

                /**
                 * Constructs a new PathParameter.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.PathParameter.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** PathParameter required. */
                required: boolean;

                /** PathParameter in. */
                in: string;

                /** PathParameter description. */
                description: string;

                /** PathParameter name. */
                name: string;

                /** PathParameter type. */
                type: string;

                /**
                 * Encodes the specified PathParameter message. Does not implicitly {@link mctunnel.openapi.v2.PathParameter.verify|verify} messages.
                 * @param message PathParameter message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.PathParameter.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace PathParameter {

                /** Properties of a PathParameter. */
                interface $Properties {

                    /** PathParameter required */
                    required?: (boolean|null);

                    /** PathParameter in */
                    "in"?: (string|null);

                    /** PathParameter description */
                    description?: (string|null);

                    /** PathParameter name */
                    name?: (string|null);

                    /** PathParameter type */
                    type?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a PathParameter. */
                type $Shape = mctunnel.openapi.v2.PathParameter.$Properties;
            }

            /**
             * Properties of a Responses.
             * @deprecated Use mctunnel.openapi.v2.Responses.$Properties instead.
             */
            interface IResponses extends mctunnel.openapi.v2.Responses.$Properties {
            }

            /** Represents a Responses. */
            class Responses {

                /**
                 * Constructs a new Responses.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Responses.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Responses byStatus. */
                byStatus: mctunnel.openapi.v2.NamedResponse.$Properties[];

                /**
                 * Encodes the specified Responses message. Does not implicitly {@link mctunnel.openapi.v2.Responses.verify|verify} messages.
                 * @param message Responses message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Responses.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Responses {

                /** Properties of a Responses. */
                interface $Properties {

                    /** Responses byStatus */
                    byStatus?: (mctunnel.openapi.v2.NamedResponse.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Responses. */
                type $Shape = mctunnel.openapi.v2.Responses.$Properties;
            }

            /**
             * Properties of a NamedResponse.
             * @deprecated Use mctunnel.openapi.v2.NamedResponse.$Properties instead.
             */
            interface INamedResponse extends mctunnel.openapi.v2.NamedResponse.$Properties {
            }

            /** Represents a NamedResponse. */
            class NamedResponse {

                /**
                 * Constructs a new NamedResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.NamedResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** NamedResponse name. */
                name: string;

                /** NamedResponse value. */
                value?: (mctunnel.openapi.v2.ResponseOrReference.$Properties|null);

                /**
                 * Encodes the specified NamedResponse message. Does not implicitly {@link mctunnel.openapi.v2.NamedResponse.verify|verify} messages.
                 * @param message NamedResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.NamedResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace NamedResponse {

                /** Properties of a NamedResponse. */
                interface $Properties {

                    /** NamedResponse name */
                    name?: (string|null);

                    /** NamedResponse value */
                    value?: (mctunnel.openapi.v2.ResponseOrReference.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a NamedResponse. */
                type $Shape = mctunnel.openapi.v2.NamedResponse.$Properties;
            }

            /**
             * Properties of a ResponseOrReference.
             * @deprecated Use mctunnel.openapi.v2.ResponseOrReference.$Properties instead.
             */
            interface IResponseOrReference extends mctunnel.openapi.v2.ResponseOrReference.$Properties {
            }

            /** Represents a ResponseOrReference. */
            class ResponseOrReference {

                /**
                 * Constructs a new ResponseOrReference.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.ResponseOrReference.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** ResponseOrReference response. */
                response?: (mctunnel.openapi.v2.Response.$Properties|null);

                /**
                 * Encodes the specified ResponseOrReference message. Does not implicitly {@link mctunnel.openapi.v2.ResponseOrReference.verify|verify} messages.
                 * @param message ResponseOrReference message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.ResponseOrReference.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace ResponseOrReference {

                /** Properties of a ResponseOrReference. */
                interface $Properties {

                    /** ResponseOrReference response */
                    response?: (mctunnel.openapi.v2.Response.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a ResponseOrReference. */
                type $Shape = mctunnel.openapi.v2.ResponseOrReference.$Properties;
            }

            /**
             * Properties of a Response.
             * @deprecated Use mctunnel.openapi.v2.Response.$Properties instead.
             */
            interface IResponse extends mctunnel.openapi.v2.Response.$Properties {
            }

            /** Represents a Response. */
            class Response {

                /**
                 * Constructs a new Response.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Response.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Response description. */
                description: string;

                /** Response schema. */
                schema?: (mctunnel.openapi.v2.SchemaOrFile.$Properties|null);

                /**
                 * Encodes the specified Response message. Does not implicitly {@link mctunnel.openapi.v2.Response.verify|verify} messages.
                 * @param message Response message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Response.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Response {

                /** Properties of a Response. */
                interface $Properties {

                    /** Response description */
                    description?: (string|null);

                    /** Response schema */
                    schema?: (mctunnel.openapi.v2.SchemaOrFile.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Response. */
                type $Shape = mctunnel.openapi.v2.Response.$Properties;
            }

            /**
             * Properties of a SchemaOrFile.
             * @deprecated Use mctunnel.openapi.v2.SchemaOrFile.$Properties instead.
             */
            interface ISchemaOrFile extends mctunnel.openapi.v2.SchemaOrFile.$Properties {
            }

            /** Represents a SchemaOrFile. */
            class SchemaOrFile {

                /**
                 * Constructs a new SchemaOrFile.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.SchemaOrFile.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** SchemaOrFile schema. */
                schema?: (mctunnel.openapi.v2.Schema.$Properties|null);

                /**
                 * Encodes the specified SchemaOrFile message. Does not implicitly {@link mctunnel.openapi.v2.SchemaOrFile.verify|verify} messages.
                 * @param message SchemaOrFile message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.SchemaOrFile.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace SchemaOrFile {

                /** Properties of a SchemaOrFile. */
                interface $Properties {

                    /** SchemaOrFile schema */
                    schema?: (mctunnel.openapi.v2.Schema.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a SchemaOrFile. */
                type $Shape = mctunnel.openapi.v2.SchemaOrFile.$Properties;
            }

            /**
             * Properties of a Definitions.
             * @deprecated Use mctunnel.openapi.v2.Definitions.$Properties instead.
             */
            interface IDefinitions extends mctunnel.openapi.v2.Definitions.$Properties {
            }

            /** Represents a Definitions. */
            class Definitions {

                /**
                 * Constructs a new Definitions.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Definitions.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Definitions byName. */
                byName: mctunnel.openapi.v2.NamedSchema.$Properties[];

                /**
                 * Encodes the specified Definitions message. Does not implicitly {@link mctunnel.openapi.v2.Definitions.verify|verify} messages.
                 * @param message Definitions message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Definitions.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Definitions {

                /** Properties of a Definitions. */
                interface $Properties {

                    /** Definitions byName */
                    byName?: (mctunnel.openapi.v2.NamedSchema.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Definitions. */
                type $Shape = mctunnel.openapi.v2.Definitions.$Properties;
            }

            /**
             * Properties of a NamedSchema.
             * @deprecated Use mctunnel.openapi.v2.NamedSchema.$Properties instead.
             */
            interface INamedSchema extends mctunnel.openapi.v2.NamedSchema.$Properties {
            }

            /** Represents a NamedSchema. */
            class NamedSchema {

                /**
                 * Constructs a new NamedSchema.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.NamedSchema.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** NamedSchema name. */
                name: string;

                /** NamedSchema value. */
                value?: (mctunnel.openapi.v2.Schema.$Properties|null);

                /**
                 * Encodes the specified NamedSchema message. Does not implicitly {@link mctunnel.openapi.v2.NamedSchema.verify|verify} messages.
                 * @param message NamedSchema message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.NamedSchema.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace NamedSchema {

                /** Properties of a NamedSchema. */
                interface $Properties {

                    /** NamedSchema name */
                    name?: (string|null);

                    /** NamedSchema value */
                    value?: (mctunnel.openapi.v2.Schema.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a NamedSchema. */
                type $Shape = mctunnel.openapi.v2.NamedSchema.$Properties;
            }

            /**
             * Properties of a Schema.
             * @deprecated Use mctunnel.openapi.v2.Schema.$Properties instead.
             */
            interface ISchema extends mctunnel.openapi.v2.Schema.$Properties {
            }

            /** Represents a Schema. */
            class Schema {

                /**
                 * Constructs a new Schema.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Schema.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Schema ref. */
                ref: string;

                /** Schema format. */
                format: string;

                /** Schema description. */
                description: string;

                /** Schema maximum. */
                maximum: number;

                /** Schema minimum. */
                minimum: number;

                /** Schema maxLength. */
                maxLength: number;

                /** Schema minLength. */
                minLength: number;

                /** Schema pattern. */
                pattern: string;

                /** Schema maxItems. */
                maxItems: number;

                /** Schema minItems. */
                minItems: number;

                /** Schema required. */
                required: string[];

                /** Schema enum. */
                enum: mctunnel.openapi.v2.Value.$Properties[];

                /** Schema additionalProperties. */
                additionalProperties?: (mctunnel.openapi.v2.SchemaOrFlag.$Properties|null);

                /** Schema type. */
                type?: (mctunnel.openapi.v2.Types.$Properties|null);

                /** Schema items. */
                items?: (mctunnel.openapi.v2.Schemas.$Properties|null);

                /** Schema properties. */
                properties?: (mctunnel.openapi.v2.Definitions.$Properties|null);

                /** Schema extensions. */
                extensions: mctunnel.openapi.v2.NamedValue.$Properties[];

                /**
                 * Encodes the specified Schema message. Does not implicitly {@link mctunnel.openapi.v2.Schema.verify|verify} messages.
                 * @param message Schema message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Schema.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Schema {

                /** Properties of a Schema. */
                interface $Properties {

                    /** Schema ref */
                    ref?: (string|null);

                    /** Schema format */
                    format?: (string|null);

                    /** Schema description */
                    description?: (string|null);

                    /** Schema maximum */
                    maximum?: (number|null);

                    /** Schema minimum */
                    minimum?: (number|null);

                    /** Schema maxLength */
                    maxLength?: (number|null);

                    /** Schema minLength */
                    minLength?: (number|null);

                    /** Schema pattern */
                    pattern?: (string|null);

                    /** Schema maxItems */
                    maxItems?: (number|null);

                    /** Schema minItems */
                    minItems?: (number|null);

                    /** Schema required */
                    required?: (string[]|null);

                    /** Schema enum */
                    "enum"?: (mctunnel.openapi.v2.Value.$Properties[]|null);

                    /** Schema additionalProperties */
                    additionalProperties?: (mctunnel.openapi.v2.SchemaOrFlag.$Properties|null);

                    /** Schema type */
                    type?: (mctunnel.openapi.v2.Types.$Properties|null);

                    /** Schema items */
                    items?: (mctunnel.openapi.v2.Schemas.$Properties|null);

                    /** Schema properties */
                    properties?: (mctunnel.openapi.v2.Definitions.$Properties|null);

                    /** Schema extensions */
                    extensions?: (mctunnel.openapi.v2.NamedValue.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Schema. */
                type $Shape = mctunnel.openapi.v2.Schema.$Properties;
            }

            /**
             * Properties of a SchemaOrFlag.
             * @deprecated Use mctunnel.openapi.v2.SchemaOrFlag.$Properties instead.
             */
            interface ISchemaOrFlag extends mctunnel.openapi.v2.SchemaOrFlag.$Properties {
            }

            /** Represents a SchemaOrFlag. */
            class SchemaOrFlag {

                /**
                 * Constructs a new SchemaOrFlag.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.SchemaOrFlag.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** SchemaOrFlag schema. */
                schema?: (mctunnel.openapi.v2.Schema.$Properties|null);

                /**
                 * Encodes the specified SchemaOrFlag message. Does not implicitly {@link mctunnel.openapi.v2.SchemaOrFlag.verify|verify} messages.
                 * @param message SchemaOrFlag message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.SchemaOrFlag.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace SchemaOrFlag {

                /** Properties of a SchemaOrFlag. */
                interface $Properties {

                    /** SchemaOrFlag schema */
                    schema?: (mctunnel.openapi.v2.Schema.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a SchemaOrFlag. */
                type $Shape = mctunnel.openapi.v2.SchemaOrFlag.$Properties;
            }

            /**
             * Properties of a Types.
             * @deprecated Use mctunnel.openapi.v2.Types.$Properties instead.
             */
            interface ITypes extends mctunnel.openapi.v2.Types.$Properties {
            }

            /** Represents a Types. */
            class Types {

                /**
                 * Constructs a new Types.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Types.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Types names. */
                names: string[];

                /**
                 * Encodes the specified Types message. Does not implicitly {@link mctunnel.openapi.v2.Types.verify|verify} messages.
                 * @param message Types message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Types.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Types {

                /** Properties of a Types. */
                interface $Properties {

                    /** Types names */
                    names?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Types. */
                type $Shape = mctunnel.openapi.v2.Types.$Properties;
            }

            /**
             * Properties of a Schemas.
             * @deprecated Use mctunnel.openapi.v2.Schemas.$Properties instead.
             */
            interface ISchemas extends mctunnel.openapi.v2.Schemas.$Properties {
            }

            /** Represents a Schemas. */
            class Schemas {

                /**
                 * Constructs a new Schemas.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Schemas.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Schemas schemas. */
                schemas: mctunnel.openapi.v2.Schema.$Properties[];

                /**
                 * Encodes the specified Schemas message. Does not implicitly {@link mctunnel.openapi.v2.Schemas.verify|verify} messages.
                 * @param message Schemas message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Schemas.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Schemas {

                /** Properties of a Schemas. */
                interface $Properties {

                    /** Schemas schemas */
                    schemas?: (mctunnel.openapi.v2.Schema.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Schemas. */
                type $Shape = mctunnel.openapi.v2.Schemas.$Properties;
            }

            /**
             * Properties of a NamedValue.
             * @deprecated Use mctunnel.openapi.v2.NamedValue.$Properties instead.
             */
            interface INamedValue extends mctunnel.openapi.v2.NamedValue.$Properties {
            }

            /** Represents a NamedValue. */
            class NamedValue {

                /**
                 * Constructs a new NamedValue.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.NamedValue.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** NamedValue name. */
                name: string;

                /** NamedValue value. */
                value?: (mctunnel.openapi.v2.Value.$Properties|null);

                /**
                 * Encodes the specified NamedValue message. Does not implicitly {@link mctunnel.openapi.v2.NamedValue.verify|verify} messages.
                 * @param message NamedValue message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.NamedValue.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace NamedValue {

                /** Properties of a NamedValue. */
                interface $Properties {

                    /** NamedValue name */
                    name?: (string|null);

                    /** NamedValue value */
                    value?: (mctunnel.openapi.v2.Value.$Properties|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a NamedValue. */
                type $Shape = mctunnel.openapi.v2.NamedValue.$Properties;
            }

            /**
             * Properties of a Value.
             * @deprecated Use mctunnel.openapi.v2.Value.$Properties instead.
             */
            interface IValue extends mctunnel.openapi.v2.Value.$Properties {
            }

            /** Represents a Value. */
            class Value {

                /**
                 * Constructs a new Value.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.openapi.v2.Value.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Value yaml. */
                yaml: string;

                /**
                 * Encodes the specified Value message. Does not implicitly {@link mctunnel.openapi.v2.Value.verify|verify} messages.
                 * @param message Value message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.openapi.v2.Value.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;
            }

            namespace Value {

                /** Properties of a Value. */
                interface $Properties {

                    /** Value yaml */
                    yaml?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Value. */
                type $Shape = mctunnel.openapi.v2.Value.$Properties;
            }
        }
    }
}
