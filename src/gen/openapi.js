/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error;

// Exported root namespace
const $root = $protobuf.roots["mctunnel-openapi"] || ($protobuf.roots["mctunnel-openapi"] = {});

export const mctunnel = $root.mctunnel = (() => {

    /**
     * Namespace mctunnel.
     * @exports mctunnel
     * @namespace
     */
    const mctunnel = {};

    mctunnel.openapi = (function() {

        /**
         * Namespace openapi.
         * @memberof mctunnel
         * @namespace
         */
        const openapi = {};

        openapi.v2 = (function() {

            /**
             * Namespace v2.
             * @memberof mctunnel.openapi
             * @namespace
             */
            const v2 = {};

            v2.Document = (function() {

                /**
                 * Properties of a Document.
                 * @typedef {Object} mctunnel.openapi.v2.Document.$Properties
                 * @property {string|null} [swagger] Document swagger
                 * @property {mctunnel.openapi.v2.Info.$Properties|null} [info] Document info
                 * @property {mctunnel.openapi.v2.Paths.$Properties|null} [paths] Document paths
                 * @property {mctunnel.openapi.v2.Definitions.$Properties|null} [definitions] Document definitions
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Document.
                 * @memberof mctunnel.openapi.v2
                 * @interface IDocument
                 * @augments mctunnel.openapi.v2.Document.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Document.$Properties instead.
                 */

                /**
                 * Shape of a Document.
                 * @typedef {{
                 *   swagger?: string|null;
                 *   info?: mctunnel.openapi.v2.Info.$Shape|null;
                 *   paths?: mctunnel.openapi.v2.Paths.$Shape|null;
                 *   definitions?: mctunnel.openapi.v2.Definitions.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * }} mctunnel.openapi.v2.Document.$Shape
                 */

                /**
                 * Constructs a new Document.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Document.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Document.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Document = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Document swagger.
                 * @member {string} swagger
                 * @memberof mctunnel.openapi.v2.Document
                 * @instance
                 */
                Document.prototype.swagger = "";

                /**
                 * Document info.
                 * @member {mctunnel.openapi.v2.Info.$Properties|null|undefined} info
                 * @memberof mctunnel.openapi.v2.Document
                 * @instance
                 */
                Document.prototype.info = null;

                /**
                 * Document paths.
                 * @member {mctunnel.openapi.v2.Paths.$Properties|null|undefined} paths
                 * @memberof mctunnel.openapi.v2.Document
                 * @instance
                 */
                Document.prototype.paths = null;

                /**
                 * Document definitions.
                 * @member {mctunnel.openapi.v2.Definitions.$Properties|null|undefined} definitions
                 * @memberof mctunnel.openapi.v2.Document
                 * @instance
                 */
                Document.prototype.definitions = null;

                /**
                 * Encodes the specified Document message. Does not implicitly {@link mctunnel.openapi.v2.Document.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Document
                 * @static
                 * @param {mctunnel.openapi.v2.Document.$Properties} message Document message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Document.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.swagger != null && $Object.hasOwnProperty.call(message, "swagger") && message.swagger !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.swagger);
                    if (message.info != null && $Object.hasOwnProperty.call(message, "info"))
                        $root.mctunnel.openapi.v2.Info.encode(message.info, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.paths != null && $Object.hasOwnProperty.call(message, "paths"))
                        $root.mctunnel.openapi.v2.Paths.encode(message.paths, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
                    if (message.definitions != null && $Object.hasOwnProperty.call(message, "definitions"))
                        $root.mctunnel.openapi.v2.Definitions.encode(message.definitions, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Document;
            })();

            v2.Info = (function() {

                /**
                 * Properties of an Info.
                 * @typedef {Object} mctunnel.openapi.v2.Info.$Properties
                 * @property {string|null} [title] Info title
                 * @property {string|null} [version] Info version
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Info.
                 * @memberof mctunnel.openapi.v2
                 * @interface IInfo
                 * @augments mctunnel.openapi.v2.Info.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Info.$Properties instead.
                 */

                /**
                 * Shape of an Info.
                 * @typedef {mctunnel.openapi.v2.Info.$Properties} mctunnel.openapi.v2.Info.$Shape
                 */

                /**
                 * Constructs a new Info.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents an Info.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Info.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Info = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Info title.
                 * @member {string} title
                 * @memberof mctunnel.openapi.v2.Info
                 * @instance
                 */
                Info.prototype.title = "";

                /**
                 * Info version.
                 * @member {string} version
                 * @memberof mctunnel.openapi.v2.Info
                 * @instance
                 */
                Info.prototype.version = "";

                /**
                 * Encodes the specified Info message. Does not implicitly {@link mctunnel.openapi.v2.Info.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Info
                 * @static
                 * @param {mctunnel.openapi.v2.Info.$Properties} message Info message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Info.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.title != null && $Object.hasOwnProperty.call(message, "title") && message.title !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.title);
                    if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Info;
            })();

            v2.Paths = (function() {

                /**
                 * Properties of a Paths.
                 * @typedef {Object} mctunnel.openapi.v2.Paths.$Properties
                 * @property {Array.<mctunnel.openapi.v2.NamedPathItem.$Properties>|null} [path] Paths path
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Paths.
                 * @memberof mctunnel.openapi.v2
                 * @interface IPaths
                 * @augments mctunnel.openapi.v2.Paths.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Paths.$Properties instead.
                 */

                /**
                 * Shape of a Paths.
                 * @typedef {{
                 *   path?: Array.<mctunnel.openapi.v2.NamedPathItem.$Shape>|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * }} mctunnel.openapi.v2.Paths.$Shape
                 */

                /**
                 * Constructs a new Paths.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Paths.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Paths.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Paths = function (properties) {
                    this.path = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Paths path.
                 * @member {Array.<mctunnel.openapi.v2.NamedPathItem.$Properties>} path
                 * @memberof mctunnel.openapi.v2.Paths
                 * @instance
                 */
                Paths.prototype.path = $util.emptyArray;

                /**
                 * Encodes the specified Paths message. Does not implicitly {@link mctunnel.openapi.v2.Paths.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Paths
                 * @static
                 * @param {mctunnel.openapi.v2.Paths.$Properties} message Paths message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Paths.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.path != null && message.path.length)
                        for (let i = 0; i < message.path.length; ++i)
                            $root.mctunnel.openapi.v2.NamedPathItem.encode(message.path[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Paths;
            })();

            v2.NamedPathItem = (function() {

                /**
                 * Properties of a NamedPathItem.
                 * @typedef {Object} mctunnel.openapi.v2.NamedPathItem.$Properties
                 * @property {string|null} [name] NamedPathItem name
                 * @property {mctunnel.openapi.v2.PathItem.$Properties|null} [value] NamedPathItem value
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a NamedPathItem.
                 * @memberof mctunnel.openapi.v2
                 * @interface INamedPathItem
                 * @augments mctunnel.openapi.v2.NamedPathItem.$Properties
                 * @deprecated Use mctunnel.openapi.v2.NamedPathItem.$Properties instead.
                 */

                /**
                 * Shape of a NamedPathItem.
                 * @typedef {{
                 *   name?: string|null;
                 *   value?: mctunnel.openapi.v2.PathItem.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * }} mctunnel.openapi.v2.NamedPathItem.$Shape
                 */

                /**
                 * Constructs a new NamedPathItem.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a NamedPathItem.
                 * @constructor
                 * @param {mctunnel.openapi.v2.NamedPathItem.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const NamedPathItem = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * NamedPathItem name.
                 * @member {string} name
                 * @memberof mctunnel.openapi.v2.NamedPathItem
                 * @instance
                 */
                NamedPathItem.prototype.name = "";

                /**
                 * NamedPathItem value.
                 * @member {mctunnel.openapi.v2.PathItem.$Properties|null|undefined} value
                 * @memberof mctunnel.openapi.v2.NamedPathItem
                 * @instance
                 */
                NamedPathItem.prototype.value = null;

                /**
                 * Encodes the specified NamedPathItem message. Does not implicitly {@link mctunnel.openapi.v2.NamedPathItem.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.NamedPathItem
                 * @static
                 * @param {mctunnel.openapi.v2.NamedPathItem.$Properties} message NamedPathItem message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                NamedPathItem.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                    if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                        $root.mctunnel.openapi.v2.PathItem.encode(message.value, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return NamedPathItem;
            })();

            v2.PathItem = (function() {

                /**
                 * Properties of a PathItem.
                 * @typedef {Object} mctunnel.openapi.v2.PathItem.$Properties
                 * @property {mctunnel.openapi.v2.Operation.$Properties|null} [get] PathItem get
                 * @property {mctunnel.openapi.v2.Operation.$Properties|null} [put] PathItem put
                 * @property {mctunnel.openapi.v2.Operation.$Properties|null} [post] PathItem post
                 * @property {mctunnel.openapi.v2.Operation.$Properties|null} ["delete"] PathItem delete
                 * @property {mctunnel.openapi.v2.Operation.$Properties|null} [options] PathItem options
                 * @property {mctunnel.openapi.v2.Operation.$Properties|null} [head] PathItem head
                 * @property {mctunnel.openapi.v2.Operation.$Properties|null} [patch] PathItem patch
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a PathItem.
                 * @memberof mctunnel.openapi.v2
                 * @interface IPathItem
                 * @augments mctunnel.openapi.v2.PathItem.$Properties
                 * @deprecated Use mctunnel.openapi.v2.PathItem.$Properties instead.
                 */

                /**
                 * Shape of a PathItem.
                 * @typedef {{
                 *   get?: mctunnel.openapi.v2.Operation.$Shape|null;
                 *   put?: mctunnel.openapi.v2.Operation.$Shape|null;
                 *   post?: mctunnel.openapi.v2.Operation.$Shape|null;
                 *   "delete"?: mctunnel.openapi.v2.Operation.$Shape|null;
                 *   options?: mctunnel.openapi.v2.Operation.$Shape|null;
                 *   head?: mctunnel.openapi.v2.Operation.$Shape|null;
                 *   patch?: mctunnel.openapi.v2.Operation.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * }} mctunnel.openapi.v2.PathItem.$Shape
                 */

                /**
                 * Constructs a new PathItem.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a PathItem.
                 * @constructor
                 * @param {mctunnel.openapi.v2.PathItem.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const PathItem = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * PathItem get.
                 * @member {mctunnel.openapi.v2.Operation.$Properties|null|undefined} get
                 * @memberof mctunnel.openapi.v2.PathItem
                 * @instance
                 */
                PathItem.prototype.get = null;

                /**
                 * PathItem put.
                 * @member {mctunnel.openapi.v2.Operation.$Properties|null|undefined} put
                 * @memberof mctunnel.openapi.v2.PathItem
                 * @instance
                 */
                PathItem.prototype.put = null;

                /**
                 * PathItem post.
                 * @member {mctunnel.openapi.v2.Operation.$Properties|null|undefined} post
                 * @memberof mctunnel.openapi.v2.PathItem
                 * @instance
                 */
                PathItem.prototype.post = null;

                /**
                 * PathItem delete.
                 * @member {mctunnel.openapi.v2.Operation.$Properties|null|undefined} delete
                 * @memberof mctunnel.openapi.v2.PathItem
                 * @instance
                 */
                PathItem.prototype["delete"] = null;

                /**
                 * PathItem options.
                 * @member {mctunnel.openapi.v2.Operation.$Properties|null|undefined} options
                 * @memberof mctunnel.openapi.v2.PathItem
                 * @instance
                 */
                PathItem.prototype.options = null;

                /**
                 * PathItem head.
                 * @member {mctunnel.openapi.v2.Operation.$Properties|null|undefined} head
                 * @memberof mctunnel.openapi.v2.PathItem
                 * @instance
                 */
                PathItem.prototype.head = null;

                /**
                 * PathItem patch.
                 * @member {mctunnel.openapi.v2.Operation.$Properties|null|undefined} patch
                 * @memberof mctunnel.openapi.v2.PathItem
                 * @instance
                 */
                PathItem.prototype.patch = null;

                /**
                 * Encodes the specified PathItem message. Does not implicitly {@link mctunnel.openapi.v2.PathItem.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.PathItem
                 * @static
                 * @param {mctunnel.openapi.v2.PathItem.$Properties} message PathItem message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                PathItem.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.get != null && $Object.hasOwnProperty.call(message, "get"))
                        $root.mctunnel.openapi.v2.Operation.encode(message.get, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.put != null && $Object.hasOwnProperty.call(message, "put"))
                        $root.mctunnel.openapi.v2.Operation.encode(message.put, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.post != null && $Object.hasOwnProperty.call(message, "post"))
                        $root.mctunnel.openapi.v2.Operation.encode(message.post, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                    if (message["delete"] != null && $Object.hasOwnProperty.call(message, "delete"))
                        $root.mctunnel.openapi.v2.Operation.encode(message["delete"], writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                    if (message.options != null && $Object.hasOwnProperty.call(message, "options"))
                        $root.mctunnel.openapi.v2.Operation.encode(message.options, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.head != null && $Object.hasOwnProperty.call(message, "head"))
                        $root.mctunnel.openapi.v2.Operation.encode(message.head, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                    if (message.patch != null && $Object.hasOwnProperty.call(message, "patch"))
                        $root.mctunnel.openapi.v2.Operation.encode(message.patch, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return PathItem;
            })();

            v2.Operation = (function() {

                /**
                 * Properties of an Operation.
                 * @typedef {Object} mctunnel.openapi.v2.Operation.$Properties
                 * @property {Array.<string>|null} [tags] Operation tags
                 * @property {string|null} [description] Operation description
                 * @property {string|null} [operationId] Operation operationId
                 * @property {Array.<string>|null} [produces] Operation produces
                 * @property {Array.<string>|null} [consumes] Operation consumes
                 * @property {Array.<mctunnel.openapi.v2.ParameterOrReference.$Properties>|null} [parameters] Operation parameters
                 * @property {mctunnel.openapi.v2.Responses.$Properties|null} [responses] Operation responses
                 * @property {Array.<string>|null} [schemes] Operation schemes
                 * @property {Array.<mctunnel.openapi.v2.NamedValue.$Properties>|null} [extensions] Operation extensions
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Operation.
                 * @memberof mctunnel.openapi.v2
                 * @interface IOperation
                 * @augments mctunnel.openapi.v2.Operation.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Operation.$Properties instead.
                 */

                /**
                 * Shape of an Operation.
                 * @typedef {{
                 *   tags?: Array.<string>|null;
                 *   description?: string|null;
                 *   operationId?: string|null;
                 *   produces?: Array.<string>|null;
                 *   consumes?: Array.<string>|null;
                 *   parameters?: Array.<mctunnel.openapi.v2.ParameterOrReference.$Shape>|null;
                 *   responses?: mctunnel.openapi.v2.Responses.$Shape|null;
                 *   schemes?: Array.<string>|null;
                 *   extensions?: Array.<mctunnel.openapi.v2.NamedValue.$Shape>|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * }} mctunnel.openapi.v2.Operation.$Shape
                 */

                /**
                 * Constructs a new Operation.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents an Operation.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Operation.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Operation = function (properties) {
                    this.tags = [];
                    this.produces = [];
                    this.consumes = [];
                    this.parameters = [];
                    this.schemes = [];
                    this.extensions = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Operation tags.
                 * @member {Array.<string>} tags
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.tags = $util.emptyArray;

                /**
                 * Operation description.
                 * @member {string} description
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.description = "";

                /**
                 * Operation operationId.
                 * @member {string} operationId
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.operationId = "";

                /**
                 * Operation produces.
                 * @member {Array.<string>} produces
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.produces = $util.emptyArray;

                /**
                 * Operation consumes.
                 * @member {Array.<string>} consumes
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.consumes = $util.emptyArray;

                /**
                 * Operation parameters.
                 * @member {Array.<mctunnel.openapi.v2.ParameterOrReference.$Properties>} parameters
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.parameters = $util.emptyArray;

                /**
                 * Operation responses.
                 * @member {mctunnel.openapi.v2.Responses.$Properties|null|undefined} responses
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.responses = null;

                /**
                 * Operation schemes.
                 * @member {Array.<string>} schemes
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.schemes = $util.emptyArray;

                /**
                 * Operation extensions.
                 * @member {Array.<mctunnel.openapi.v2.NamedValue.$Properties>} extensions
                 * @memberof mctunnel.openapi.v2.Operation
                 * @instance
                 */
                Operation.prototype.extensions = $util.emptyArray;

                /**
                 * Encodes the specified Operation message. Does not implicitly {@link mctunnel.openapi.v2.Operation.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Operation
                 * @static
                 * @param {mctunnel.openapi.v2.Operation.$Properties} message Operation message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Operation.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.tags != null && message.tags.length)
                        for (let i = 0; i < message.tags.length; ++i)
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.tags[i]);
                    if (message.description != null && $Object.hasOwnProperty.call(message, "description") && message.description !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.description);
                    if (message.operationId != null && $Object.hasOwnProperty.call(message, "operationId") && message.operationId !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.operationId);
                    if (message.produces != null && message.produces.length)
                        for (let i = 0; i < message.produces.length; ++i)
                            writer.uint32(/* id 6, wireType 2 =*/50).string(message.produces[i]);
                    if (message.consumes != null && message.consumes.length)
                        for (let i = 0; i < message.consumes.length; ++i)
                            writer.uint32(/* id 7, wireType 2 =*/58).string(message.consumes[i]);
                    if (message.parameters != null && message.parameters.length)
                        for (let i = 0; i < message.parameters.length; ++i)
                            $root.mctunnel.openapi.v2.ParameterOrReference.encode(message.parameters[i], writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
                    if (message.responses != null && $Object.hasOwnProperty.call(message, "responses"))
                        $root.mctunnel.openapi.v2.Responses.encode(message.responses, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
                    if (message.schemes != null && message.schemes.length)
                        for (let i = 0; i < message.schemes.length; ++i)
                            writer.uint32(/* id 10, wireType 2 =*/82).string(message.schemes[i]);
                    if (message.extensions != null && message.extensions.length)
                        for (let i = 0; i < message.extensions.length; ++i)
                            $root.mctunnel.openapi.v2.NamedValue.encode(message.extensions[i], writer.uint32(/* id 13, wireType 2 =*/106).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Operation;
            })();

            v2.ParameterOrReference = (function() {

                /**
                 * Properties of a ParameterOrReference.
                 * @typedef {Object} mctunnel.openapi.v2.ParameterOrReference.$Properties
                 * @property {mctunnel.openapi.v2.Parameter.$Properties|null} [parameter] ParameterOrReference parameter
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a ParameterOrReference.
                 * @memberof mctunnel.openapi.v2
                 * @interface IParameterOrReference
                 * @augments mctunnel.openapi.v2.ParameterOrReference.$Properties
                 * @deprecated Use mctunnel.openapi.v2.ParameterOrReference.$Properties instead.
                 */

                /**
                 * Shape of a ParameterOrReference.
                 * @typedef {{
                 *   parameter?: mctunnel.openapi.v2.Parameter.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * }} mctunnel.openapi.v2.ParameterOrReference.$Shape
                 */

                /**
                 * Constructs a new ParameterOrReference.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a ParameterOrReference.
                 * @constructor
                 * @param {mctunnel.openapi.v2.ParameterOrReference.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const ParameterOrReference = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * ParameterOrReference parameter.
                 * @member {mctunnel.openapi.v2.Parameter.$Properties|null|undefined} parameter
                 * @memberof mctunnel.openapi.v2.ParameterOrReference
                 * @instance
                 */
                ParameterOrReference.prototype.parameter = null;

                /**
                 * Encodes the specified ParameterOrReference message. Does not implicitly {@link mctunnel.openapi.v2.ParameterOrReference.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.ParameterOrReference
                 * @static
                 * @param {mctunnel.openapi.v2.ParameterOrReference.$Properties} message ParameterOrReference message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ParameterOrReference.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.parameter != null && $Object.hasOwnProperty.call(message, "parameter"))
                        $root.mctunnel.openapi.v2.Parameter.encode(message.parameter, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return ParameterOrReference;
            })();

            v2.Parameter = (function() {

                /**
                 * Properties of a Parameter.
                 * @typedef {Object} mctunnel.openapi.v2.Parameter.$Properties
                 * @property {mctunnel.openapi.v2.BodyParameter.$Properties|null} [body] Parameter body
                 * @property {mctunnel.openapi.v2.OtherParameter.$Properties|null} [other] Parameter other
                 * @property {"body"|"other"} [kind] Parameter kind
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Parameter.
                 * @memberof mctunnel.openapi.v2
                 * @interface IParameter
                 * @augments mctunnel.openapi.v2.Parameter.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Parameter.$Properties instead.
                 */

                /**
                 * Narrowed shape of a Parameter.
                 * @typedef {{
                 *   body?: mctunnel.openapi.v2.BodyParameter.$Shape|null;
                 *   other?: mctunnel.openapi.v2.OtherParameter.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * } & (
                 *   ({ kind?: undefined; body?: null; other?: null }|{ kind?: "body"; body: mctunnel.openapi.v2.BodyParameter.$Shape; other?: null }|{ kind?: "other"; body?: null; other: mctunnel.openapi.v2.OtherParameter.$Shape })
                 * )} mctunnel.openapi.v2.Parameter.$Shape
                 */

                /**
                 * Constructs a new Parameter.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Parameter.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Parameter.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Parameter = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Parameter body.
                 * @member {mctunnel.openapi.v2.BodyParameter.$Properties|null|undefined} body
                 * @memberof mctunnel.openapi.v2.Parameter
                 * @instance
                 */
                Parameter.prototype.body = null;

                /**
                 * Parameter other.
                 * @member {mctunnel.openapi.v2.OtherParameter.$Properties|null|undefined} other
                 * @memberof mctunnel.openapi.v2.Parameter
                 * @instance
                 */
                Parameter.prototype.other = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * Parameter kind.
                 * @member {"body"|"other"|undefined} kind
                 * @memberof mctunnel.openapi.v2.Parameter
                 * @instance
                 */
                $Object.defineProperty(Parameter.prototype, "kind", {
                    get: $util.oneOfGetter($oneOfFields = ["body", "other"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Encodes the specified Parameter message. Does not implicitly {@link mctunnel.openapi.v2.Parameter.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Parameter
                 * @static
                 * @param {mctunnel.openapi.v2.Parameter.$Properties} message Parameter message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Parameter.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.body != null && $Object.hasOwnProperty.call(message, "body"))
                        $root.mctunnel.openapi.v2.BodyParameter.encode(message.body, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.other != null && $Object.hasOwnProperty.call(message, "other"))
                        $root.mctunnel.openapi.v2.OtherParameter.encode(message.other, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Parameter;
            })();

            v2.BodyParameter = (function() {

                /**
                 * Properties of a BodyParameter.
                 * @typedef {Object} mctunnel.openapi.v2.BodyParameter.$Properties
                 * @property {string|null} [name] BodyParameter name
                 * @property {string|null} ["in"] BodyParameter in
                 * @property {mctunnel.openapi.v2.Schema.$Properties|null} [schema] BodyParameter schema
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a BodyParameter.
                 * @memberof mctunnel.openapi.v2
                 * @interface IBodyParameter
                 * @augments mctunnel.openapi.v2.BodyParameter.$Properties
                 * @deprecated Use mctunnel.openapi.v2.BodyParameter.$Properties instead.
                 */

                /**
                 * Shape of a BodyParameter.
                 * @typedef {mctunnel.openapi.v2.BodyParameter.$Properties} mctunnel.openapi.v2.BodyParameter.$Shape
                 */

                /**
                 * Constructs a new BodyParameter.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a BodyParameter.
                 * @constructor
                 * @param {mctunnel.openapi.v2.BodyParameter.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const BodyParameter = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * BodyParameter name.
                 * @member {string} name
                 * @memberof mctunnel.openapi.v2.BodyParameter
                 * @instance
                 */
                BodyParameter.prototype.name = "";

                /**
                 * BodyParameter in.
                 * @member {string} in
                 * @memberof mctunnel.openapi.v2.BodyParameter
                 * @instance
                 */
                BodyParameter.prototype["in"] = "";

                /**
                 * BodyParameter schema.
                 * @member {mctunnel.openapi.v2.Schema.$Properties|null|undefined} schema
                 * @memberof mctunnel.openapi.v2.BodyParameter
                 * @instance
                 */
                BodyParameter.prototype.schema = null;

                /**
                 * Encodes the specified BodyParameter message. Does not implicitly {@link mctunnel.openapi.v2.BodyParameter.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.BodyParameter
                 * @static
                 * @param {mctunnel.openapi.v2.BodyParameter.$Properties} message BodyParameter message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                BodyParameter.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.name);
                    if (message["in"] != null && $Object.hasOwnProperty.call(message, "in") && message["in"] !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message["in"]);
                    if (message.schema != null && $Object.hasOwnProperty.call(message, "schema"))
                        $root.mctunnel.openapi.v2.Schema.encode(message.schema, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return BodyParameter;
            })();

            v2.OtherParameter = (function() {

                /**
                 * Properties of an OtherParameter.
                 * @typedef {Object} mctunnel.openapi.v2.OtherParameter.$Properties
                 * @property {mctunnel.openapi.v2.QueryParameter.$Properties|null} [query] OtherParameter query
                 * @property {mctunnel.openapi.v2.PathParameter.$Properties|null} [path] OtherParameter path
                 * @property {"query"|"path"} [kind] OtherParameter kind
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an OtherParameter.
                 * @memberof mctunnel.openapi.v2
                 * @interface IOtherParameter
                 * @augments mctunnel.openapi.v2.OtherParameter.$Properties
                 * @deprecated Use mctunnel.openapi.v2.OtherParameter.$Properties instead.
                 */

                /**
                 * Narrowed shape of an OtherParameter.
                 * @typedef {{
                 *   query?: mctunnel.openapi.v2.QueryParameter.$Shape|null;
                 *   path?: mctunnel.openapi.v2.PathParameter.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * } & (
                 *   ({ kind?: undefined; query?: null; path?: null }|{ kind?: "query"; query: mctunnel.openapi.v2.QueryParameter.$Shape; path?: null }|{ kind?: "path"; query?: null; path: mctunnel.openapi.v2.PathParameter.$Shape })
                 * )} mctunnel.openapi.v2.OtherParameter.$Shape
                 */

                /**
                 * Constructs a new OtherParameter.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents an OtherParameter.
                 * @constructor
                 * @param {mctunnel.openapi.v2.OtherParameter.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const OtherParameter = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * OtherParameter query.
                 * @member {mctunnel.openapi.v2.QueryParameter.$Properties|null|undefined} query
                 * @memberof mctunnel.openapi.v2.OtherParameter
                 * @instance
                 */
                OtherParameter.prototype.query = null;

                /**
                 * OtherParameter path.
                 * @member {mctunnel.openapi.v2.PathParameter.$Properties|null|undefined} path
                 * @memberof mctunnel.openapi.v2.OtherParameter
                 * @instance
                 */
                OtherParameter.prototype.path = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * OtherParameter kind.
                 * @member {"query"|"path"|undefined} kind
                 * @memberof mctunnel.openapi.v2.OtherParameter
                 * @instance
                 */
                $Object.defineProperty(OtherParameter.prototype, "kind", {
                    get: $util.oneOfGetter($oneOfFields = ["query", "path"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Encodes the specified OtherParameter message. Does not implicitly {@link mctunnel.openapi.v2.OtherParameter.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.OtherParameter
                 * @static
                 * @param {mctunnel.openapi.v2.OtherParameter.$Properties} message OtherParameter message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                OtherParameter.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.query != null && $Object.hasOwnProperty.call(message, "query"))
                        $root.mctunnel.openapi.v2.QueryParameter.encode(message.query, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.path != null && $Object.hasOwnProperty.call(message, "path"))
                        $root.mctunnel.openapi.v2.PathParameter.encode(message.path, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return OtherParameter;
            })();

            v2.QueryParameter = (function() {

                /**
                 * Properties of a QueryParameter.
                 * @typedef {Object} mctunnel.openapi.v2.QueryParameter.$Properties
                 * @property {string|null} ["in"] QueryParameter in
                 * @property {string|null} [description] QueryParameter description
                 * @property {string|null} [name] QueryParameter name
                 * @property {string|null} [type] QueryParameter type
                 * @property {boolean|null} [uniqueItems] QueryParameter uniqueItems
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a QueryParameter.
                 * @memberof mctunnel.openapi.v2
                 * @interface IQueryParameter
                 * @augments mctunnel.openapi.v2.QueryParameter.$Properties
                 * @deprecated Use mctunnel.openapi.v2.QueryParameter.$Properties instead.
                 */

                /**
                 * Shape of a QueryParameter.
                 * @typedef {mctunnel.openapi.v2.QueryParameter.$Properties} mctunnel.openapi.v2.QueryParameter.$Shape
                 */

                /**
                 * Constructs a new QueryParameter.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a QueryParameter.
                 * @constructor
                 * @param {mctunnel.openapi.v2.QueryParameter.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const QueryParameter = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * QueryParameter in.
                 * @member {string} in
                 * @memberof mctunnel.openapi.v2.QueryParameter
                 * @instance
                 */
                QueryParameter.prototype["in"] = "";

                /**
                 * QueryParameter description.
                 * @member {string} description
                 * @memberof mctunnel.openapi.v2.QueryParameter
                 * @instance
                 */
                QueryParameter.prototype.description = "";

                /**
                 * QueryParameter name.
                 * @member {string} name
                 * @memberof mctunnel.openapi.v2.QueryParameter
                 * @instance
                 */
                QueryParameter.prototype.name = "";

                /**
                 * QueryParameter type.
                 * @member {string} type
                 * @memberof mctunnel.openapi.v2.QueryParameter
                 * @instance
                 */
                QueryParameter.prototype.type = "";

                /**
                 * QueryParameter uniqueItems.
                 * @member {boolean} uniqueItems
                 * @memberof mctunnel.openapi.v2.QueryParameter
                 * @instance
                 */
                QueryParameter.prototype.uniqueItems = false;

                /**
                 * Encodes the specified QueryParameter message. Does not implicitly {@link mctunnel.openapi.v2.QueryParameter.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.QueryParameter
                 * @static
                 * @param {mctunnel.openapi.v2.QueryParameter.$Properties} message QueryParameter message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                QueryParameter.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message["in"] != null && $Object.hasOwnProperty.call(message, "in") && message["in"] !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message["in"]);
                    if (message.description != null && $Object.hasOwnProperty.call(message, "description") && message.description !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.description);
                    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.name);
                    if (message.type != null && $Object.hasOwnProperty.call(message, "type") && message.type !== "")
                        writer.uint32(/* id 6, wireType 2 =*/50).string(message.type);
                    if (message.uniqueItems != null && $Object.hasOwnProperty.call(message, "uniqueItems") && message.uniqueItems !== false)
                        writer.uint32(/* id 20, wireType 0 =*/160).bool(message.uniqueItems);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return QueryParameter;
            })();

            v2.PathParameter = (function() {

                /**
                 * Properties of a PathParameter.
                 * @typedef {Object} mctunnel.openapi.v2.PathParameter.$Properties
                 * @property {boolean|null} [required] PathParameter required
                 * @property {string|null} ["in"] PathParameter in
                 * @property {string|null} [description] PathParameter description
                 * @property {string|null} [name] PathParameter name
                 * @property {string|null} [type] PathParameter type
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a PathParameter.
                 * @memberof mctunnel.openapi.v2
                 * @interface IPathParameter
                 * @augments mctunnel.openapi.v2.PathParameter.$Properties
                 * @deprecated Use mctunnel.openapi.v2.PathParameter.$Properties instead.
                 */

                /**
                 * Shape of a PathParameter.
                 * @typedef {mctunnel.openapi.v2.PathParameter.$Properties} mctunnel.openapi.v2.PathParameter.$Shape
                 */

                /**
                 * Constructs a new PathParameter.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a PathParameter.
                 * @constructor
                 * @param {mctunnel.openapi.v2.PathParameter.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const PathParameter = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * PathParameter required.
                 * @member {boolean} required
                 * @memberof mctunnel.openapi.v2.PathParameter
                 * @instance
                 */
                PathParameter.prototype.required = false;

                /**
                 * PathParameter in.
                 * @member {string} in
                 * @memberof mctunnel.openapi.v2.PathParameter
                 * @instance
                 */
                PathParameter.prototype["in"] = "";

                /**
                 * PathParameter description.
                 * @member {string} description
                 * @memberof mctunnel.openapi.v2.PathParameter
                 * @instance
                 */
                PathParameter.prototype.description = "";

                /**
                 * PathParameter name.
                 * @member {string} name
                 * @memberof mctunnel.openapi.v2.PathParameter
                 * @instance
                 */
                PathParameter.prototype.name = "";

                /**
                 * PathParameter type.
                 * @member {string} type
                 * @memberof mctunnel.openapi.v2.PathParameter
                 * @instance
                 */
                PathParameter.prototype.type = "";

                /**
                 * Encodes the specified PathParameter message. Does not implicitly {@link mctunnel.openapi.v2.PathParameter.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.PathParameter
                 * @static
                 * @param {mctunnel.openapi.v2.PathParameter.$Properties} message PathParameter message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                PathParameter.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.required != null && $Object.hasOwnProperty.call(message, "required") && message.required !== false)
                        writer.uint32(/* id 1, wireType 0 =*/8).bool(message.required);
                    if (message["in"] != null && $Object.hasOwnProperty.call(message, "in") && message["in"] !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message["in"]);
                    if (message.description != null && $Object.hasOwnProperty.call(message, "description") && message.description !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.description);
                    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.name);
                    if (message.type != null && $Object.hasOwnProperty.call(message, "type") && message.type !== "")
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.type);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return PathParameter;
            })();

            v2.Responses = (function() {

                /**
                 * Properties of a Responses.
                 * @typedef {Object} mctunnel.openapi.v2.Responses.$Properties
                 * @property {Array.<mctunnel.openapi.v2.NamedResponse.$Properties>|null} [byStatus] Responses byStatus
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Responses.
                 * @memberof mctunnel.openapi.v2
                 * @interface IResponses
                 * @augments mctunnel.openapi.v2.Responses.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Responses.$Properties instead.
                 */

                /**
                 * Shape of a Responses.
                 * @typedef {mctunnel.openapi.v2.Responses.$Properties} mctunnel.openapi.v2.Responses.$Shape
                 */

                /**
                 * Constructs a new Responses.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Responses.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Responses.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Responses = function (properties) {
                    this.byStatus = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Responses byStatus.
                 * @member {Array.<mctunnel.openapi.v2.NamedResponse.$Properties>} byStatus
                 * @memberof mctunnel.openapi.v2.Responses
                 * @instance
                 */
                Responses.prototype.byStatus = $util.emptyArray;

                /**
                 * Encodes the specified Responses message. Does not implicitly {@link mctunnel.openapi.v2.Responses.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Responses
                 * @static
                 * @param {mctunnel.openapi.v2.Responses.$Properties} message Responses message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Responses.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.byStatus != null && message.byStatus.length)
                        for (let i = 0; i < message.byStatus.length; ++i)
                            $root.mctunnel.openapi.v2.NamedResponse.encode(message.byStatus[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Responses;
            })();

            v2.NamedResponse = (function() {

                /**
                 * Properties of a NamedResponse.
                 * @typedef {Object} mctunnel.openapi.v2.NamedResponse.$Properties
                 * @property {string|null} [name] NamedResponse name
                 * @property {mctunnel.openapi.v2.ResponseOrReference.$Properties|null} [value] NamedResponse value
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a NamedResponse.
                 * @memberof mctunnel.openapi.v2
                 * @interface INamedResponse
                 * @augments mctunnel.openapi.v2.NamedResponse.$Properties
                 * @deprecated Use mctunnel.openapi.v2.NamedResponse.$Properties instead.
                 */

                /**
                 * Shape of a NamedResponse.
                 * @typedef {mctunnel.openapi.v2.NamedResponse.$Properties} mctunnel.openapi.v2.NamedResponse.$Shape
                 */

                /**
                 * Constructs a new NamedResponse.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a NamedResponse.
                 * @constructor
                 * @param {mctunnel.openapi.v2.NamedResponse.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const NamedResponse = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * NamedResponse name.
                 * @member {string} name
                 * @memberof mctunnel.openapi.v2.NamedResponse
                 * @instance
                 */
                NamedResponse.prototype.name = "";

                /**
                 * NamedResponse value.
                 * @member {mctunnel.openapi.v2.ResponseOrReference.$Properties|null|undefined} value
                 * @memberof mctunnel.openapi.v2.NamedResponse
                 * @instance
                 */
                NamedResponse.prototype.value = null;

                /**
                 * Encodes the specified NamedResponse message. Does not implicitly {@link mctunnel.openapi.v2.NamedResponse.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.NamedResponse
                 * @static
                 * @param {mctunnel.openapi.v2.NamedResponse.$Properties} message NamedResponse message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                NamedResponse.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                    if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                        $root.mctunnel.openapi.v2.ResponseOrReference.encode(message.value, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return NamedResponse;
            })();

            v2.ResponseOrReference = (function() {

                /**
                 * Properties of a ResponseOrReference.
                 * @typedef {Object} mctunnel.openapi.v2.ResponseOrReference.$Properties
                 * @property {mctunnel.openapi.v2.Response.$Properties|null} [response] ResponseOrReference response
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a ResponseOrReference.
                 * @memberof mctunnel.openapi.v2
                 * @interface IResponseOrReference
                 * @augments mctunnel.openapi.v2.ResponseOrReference.$Properties
                 * @deprecated Use mctunnel.openapi.v2.ResponseOrReference.$Properties instead.
                 */

                /**
                 * Shape of a ResponseOrReference.
                 * @typedef {mctunnel.openapi.v2.ResponseOrReference.$Properties} mctunnel.openapi.v2.ResponseOrReference.$Shape
                 */

                /**
                 * Constructs a new ResponseOrReference.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a ResponseOrReference.
                 * @constructor
                 * @param {mctunnel.openapi.v2.ResponseOrReference.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const ResponseOrReference = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * ResponseOrReference response.
                 * @member {mctunnel.openapi.v2.Response.$Properties|null|undefined} response
                 * @memberof mctunnel.openapi.v2.ResponseOrReference
                 * @instance
                 */
                ResponseOrReference.prototype.response = null;

                /**
                 * Encodes the specified ResponseOrReference message. Does not implicitly {@link mctunnel.openapi.v2.ResponseOrReference.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.ResponseOrReference
                 * @static
                 * @param {mctunnel.openapi.v2.ResponseOrReference.$Properties} message ResponseOrReference message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                ResponseOrReference.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.response != null && $Object.hasOwnProperty.call(message, "response"))
                        $root.mctunnel.openapi.v2.Response.encode(message.response, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return ResponseOrReference;
            })();

            v2.Response = (function() {

                /**
                 * Properties of a Response.
                 * @typedef {Object} mctunnel.openapi.v2.Response.$Properties
                 * @property {string|null} [description] Response description
                 * @property {mctunnel.openapi.v2.SchemaOrFile.$Properties|null} [schema] Response schema
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Response.
                 * @memberof mctunnel.openapi.v2
                 * @interface IResponse
                 * @augments mctunnel.openapi.v2.Response.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Response.$Properties instead.
                 */

                /**
                 * Shape of a Response.
                 * @typedef {mctunnel.openapi.v2.Response.$Properties} mctunnel.openapi.v2.Response.$Shape
                 */

                /**
                 * Constructs a new Response.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Response.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Response.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Response = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Response description.
                 * @member {string} description
                 * @memberof mctunnel.openapi.v2.Response
                 * @instance
                 */
                Response.prototype.description = "";

                /**
                 * Response schema.
                 * @member {mctunnel.openapi.v2.SchemaOrFile.$Properties|null|undefined} schema
                 * @memberof mctunnel.openapi.v2.Response
                 * @instance
                 */
                Response.prototype.schema = null;

                /**
                 * Encodes the specified Response message. Does not implicitly {@link mctunnel.openapi.v2.Response.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Response
                 * @static
                 * @param {mctunnel.openapi.v2.Response.$Properties} message Response message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Response.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.description != null && $Object.hasOwnProperty.call(message, "description") && message.description !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.description);
                    if (message.schema != null && $Object.hasOwnProperty.call(message, "schema"))
                        $root.mctunnel.openapi.v2.SchemaOrFile.encode(message.schema, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Response;
            })();

            v2.SchemaOrFile = (function() {

                /**
                 * Properties of a SchemaOrFile.
                 * @typedef {Object} mctunnel.openapi.v2.SchemaOrFile.$Properties
                 * @property {mctunnel.openapi.v2.Schema.$Properties|null} [schema] SchemaOrFile schema
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a SchemaOrFile.
                 * @memberof mctunnel.openapi.v2
                 * @interface ISchemaOrFile
                 * @augments mctunnel.openapi.v2.SchemaOrFile.$Properties
                 * @deprecated Use mctunnel.openapi.v2.SchemaOrFile.$Properties instead.
                 */

                /**
                 * Shape of a SchemaOrFile.
                 * @typedef {mctunnel.openapi.v2.SchemaOrFile.$Properties} mctunnel.openapi.v2.SchemaOrFile.$Shape
                 */

                /**
                 * Constructs a new SchemaOrFile.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a SchemaOrFile.
                 * @constructor
                 * @param {mctunnel.openapi.v2.SchemaOrFile.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const SchemaOrFile = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * SchemaOrFile schema.
                 * @member {mctunnel.openapi.v2.Schema.$Properties|null|undefined} schema
                 * @memberof mctunnel.openapi.v2.SchemaOrFile
                 * @instance
                 */
                SchemaOrFile.prototype.schema = null;

                /**
                 * Encodes the specified SchemaOrFile message. Does not implicitly {@link mctunnel.openapi.v2.SchemaOrFile.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.SchemaOrFile
                 * @static
                 * @param {mctunnel.openapi.v2.SchemaOrFile.$Properties} message SchemaOrFile message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                SchemaOrFile.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.schema != null && $Object.hasOwnProperty.call(message, "schema"))
                        $root.mctunnel.openapi.v2.Schema.encode(message.schema, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return SchemaOrFile;
            })();

            v2.Definitions = (function() {

                /**
                 * Properties of a Definitions.
                 * @typedef {Object} mctunnel.openapi.v2.Definitions.$Properties
                 * @property {Array.<mctunnel.openapi.v2.NamedSchema.$Properties>|null} [byName] Definitions byName
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Definitions.
                 * @memberof mctunnel.openapi.v2
                 * @interface IDefinitions
                 * @augments mctunnel.openapi.v2.Definitions.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Definitions.$Properties instead.
                 */

                /**
                 * Shape of a Definitions.
                 * @typedef {mctunnel.openapi.v2.Definitions.$Properties} mctunnel.openapi.v2.Definitions.$Shape
                 */

                /**
                 * Constructs a new Definitions.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Definitions.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Definitions.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Definitions = function (properties) {
                    this.byName = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Definitions byName.
                 * @member {Array.<mctunnel.openapi.v2.NamedSchema.$Properties>} byName
                 * @memberof mctunnel.openapi.v2.Definitions
                 * @instance
                 */
                Definitions.prototype.byName = $util.emptyArray;

                /**
                 * Encodes the specified Definitions message. Does not implicitly {@link mctunnel.openapi.v2.Definitions.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Definitions
                 * @static
                 * @param {mctunnel.openapi.v2.Definitions.$Properties} message Definitions message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Definitions.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.byName != null && message.byName.length)
                        for (let i = 0; i < message.byName.length; ++i)
                            $root.mctunnel.openapi.v2.NamedSchema.encode(message.byName[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Definitions;
            })();

            v2.NamedSchema = (function() {

                /**
                 * Properties of a NamedSchema.
                 * @typedef {Object} mctunnel.openapi.v2.NamedSchema.$Properties
                 * @property {string|null} [name] NamedSchema name
                 * @property {mctunnel.openapi.v2.Schema.$Properties|null} [value] NamedSchema value
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a NamedSchema.
                 * @memberof mctunnel.openapi.v2
                 * @interface INamedSchema
                 * @augments mctunnel.openapi.v2.NamedSchema.$Properties
                 * @deprecated Use mctunnel.openapi.v2.NamedSchema.$Properties instead.
                 */

                /**
                 * Shape of a NamedSchema.
                 * @typedef {mctunnel.openapi.v2.NamedSchema.$Properties} mctunnel.openapi.v2.NamedSchema.$Shape
                 */

                /**
                 * Constructs a new NamedSchema.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a NamedSchema.
                 * @constructor
                 * @param {mctunnel.openapi.v2.NamedSchema.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const NamedSchema = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * NamedSchema name.
                 * @member {string} name
                 * @memberof mctunnel.openapi.v2.NamedSchema
                 * @instance
                 */
                NamedSchema.prototype.name = "";

                /**
                 * NamedSchema value.
                 * @member {mctunnel.openapi.v2.Schema.$Properties|null|undefined} value
                 * @memberof mctunnel.openapi.v2.NamedSchema
                 * @instance
                 */
                NamedSchema.prototype.value = null;

                /**
                 * Encodes the specified NamedSchema message. Does not implicitly {@link mctunnel.openapi.v2.NamedSchema.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.NamedSchema
                 * @static
                 * @param {mctunnel.openapi.v2.NamedSchema.$Properties} message NamedSchema message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                NamedSchema.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                    if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                        $root.mctunnel.openapi.v2.Schema.encode(message.value, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return NamedSchema;
            })();

            v2.Schema = (function() {

                /**
                 * Properties of a Schema.
                 * @typedef {Object} mctunnel.openapi.v2.Schema.$Properties
                 * @property {string|null} [ref] Schema ref
                 * @property {string|null} [format] Schema format
                 * @property {string|null} [description] Schema description
                 * @property {number|null} [maximum] Schema maximum
                 * @property {number|null} [minimum] Schema minimum
                 * @property {number|null} [maxLength] Schema maxLength
                 * @property {number|null} [minLength] Schema minLength
                 * @property {string|null} [pattern] Schema pattern
                 * @property {number|null} [maxItems] Schema maxItems
                 * @property {number|null} [minItems] Schema minItems
                 * @property {Array.<string>|null} [required] Schema required
                 * @property {Array.<mctunnel.openapi.v2.Value.$Properties>|null} ["enum"] Schema enum
                 * @property {mctunnel.openapi.v2.SchemaOrFlag.$Properties|null} [additionalProperties] Schema additionalProperties
                 * @property {mctunnel.openapi.v2.Types.$Properties|null} [type] Schema type
                 * @property {mctunnel.openapi.v2.Schemas.$Properties|null} [items] Schema items
                 * @property {mctunnel.openapi.v2.Definitions.$Properties|null} [properties] Schema properties
                 * @property {Array.<mctunnel.openapi.v2.NamedValue.$Properties>|null} [extensions] Schema extensions
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Schema.
                 * @memberof mctunnel.openapi.v2
                 * @interface ISchema
                 * @augments mctunnel.openapi.v2.Schema.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Schema.$Properties instead.
                 */

                /**
                 * Shape of a Schema.
                 * @typedef {mctunnel.openapi.v2.Schema.$Properties} mctunnel.openapi.v2.Schema.$Shape
                 */

                /**
                 * Constructs a new Schema.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Schema.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Schema.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Schema = function (properties) {
                    this.required = [];
                    this["enum"] = [];
                    this.extensions = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Schema ref.
                 * @member {string} ref
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.ref = "";

                /**
                 * Schema format.
                 * @member {string} format
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.format = "";

                /**
                 * Schema description.
                 * @member {string} description
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.description = "";

                /**
                 * Schema maximum.
                 * @member {number} maximum
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.maximum = 0;

                /**
                 * Schema minimum.
                 * @member {number} minimum
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.minimum = 0;

                /**
                 * Schema maxLength.
                 * @member {number} maxLength
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.maxLength = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

                /**
                 * Schema minLength.
                 * @member {number} minLength
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.minLength = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

                /**
                 * Schema pattern.
                 * @member {string} pattern
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.pattern = "";

                /**
                 * Schema maxItems.
                 * @member {number} maxItems
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.maxItems = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

                /**
                 * Schema minItems.
                 * @member {number} minItems
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.minItems = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

                /**
                 * Schema required.
                 * @member {Array.<string>} required
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.required = $util.emptyArray;

                /**
                 * Schema enum.
                 * @member {Array.<mctunnel.openapi.v2.Value.$Properties>} enum
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype["enum"] = $util.emptyArray;

                /**
                 * Schema additionalProperties.
                 * @member {mctunnel.openapi.v2.SchemaOrFlag.$Properties|null|undefined} additionalProperties
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.additionalProperties = null;

                /**
                 * Schema type.
                 * @member {mctunnel.openapi.v2.Types.$Properties|null|undefined} type
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.type = null;

                /**
                 * Schema items.
                 * @member {mctunnel.openapi.v2.Schemas.$Properties|null|undefined} items
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.items = null;

                /**
                 * Schema properties.
                 * @member {mctunnel.openapi.v2.Definitions.$Properties|null|undefined} properties
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.properties = null;

                /**
                 * Schema extensions.
                 * @member {Array.<mctunnel.openapi.v2.NamedValue.$Properties>} extensions
                 * @memberof mctunnel.openapi.v2.Schema
                 * @instance
                 */
                Schema.prototype.extensions = $util.emptyArray;

                /**
                 * Encodes the specified Schema message. Does not implicitly {@link mctunnel.openapi.v2.Schema.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Schema
                 * @static
                 * @param {mctunnel.openapi.v2.Schema.$Properties} message Schema message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Schema.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.ref != null && $Object.hasOwnProperty.call(message, "ref") && message.ref !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.ref);
                    if (message.format != null && $Object.hasOwnProperty.call(message, "format") && message.format !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.format);
                    if (message.description != null && $Object.hasOwnProperty.call(message, "description") && message.description !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.description);
                    if (message.maximum != null && $Object.hasOwnProperty.call(message, "maximum") && !$Object.is(message.maximum, 0))
                        writer.uint32(/* id 7, wireType 1 =*/57).double(message.maximum);
                    if (message.minimum != null && $Object.hasOwnProperty.call(message, "minimum") && !$Object.is(message.minimum, 0))
                        writer.uint32(/* id 9, wireType 1 =*/73).double(message.minimum);
                    if (message.maxLength != null && $Object.hasOwnProperty.call(message, "maxLength") && (typeof message.maxLength === "object" ? message.maxLength.low || message.maxLength.high : message.maxLength !== 0))
                        writer.uint32(/* id 11, wireType 0 =*/88).int64(message.maxLength);
                    if (message.minLength != null && $Object.hasOwnProperty.call(message, "minLength") && (typeof message.minLength === "object" ? message.minLength.low || message.minLength.high : message.minLength !== 0))
                        writer.uint32(/* id 12, wireType 0 =*/96).int64(message.minLength);
                    if (message.pattern != null && $Object.hasOwnProperty.call(message, "pattern") && message.pattern !== "")
                        writer.uint32(/* id 13, wireType 2 =*/106).string(message.pattern);
                    if (message.maxItems != null && $Object.hasOwnProperty.call(message, "maxItems") && (typeof message.maxItems === "object" ? message.maxItems.low || message.maxItems.high : message.maxItems !== 0))
                        writer.uint32(/* id 14, wireType 0 =*/112).int64(message.maxItems);
                    if (message.minItems != null && $Object.hasOwnProperty.call(message, "minItems") && (typeof message.minItems === "object" ? message.minItems.low || message.minItems.high : message.minItems !== 0))
                        writer.uint32(/* id 15, wireType 0 =*/120).int64(message.minItems);
                    if (message.required != null && message.required.length)
                        for (let i = 0; i < message.required.length; ++i)
                            writer.uint32(/* id 19, wireType 2 =*/154).string(message.required[i]);
                    if (message["enum"] != null && message["enum"].length)
                        for (let i = 0; i < message["enum"].length; ++i)
                            $root.mctunnel.openapi.v2.Value.encode(message["enum"][i], writer.uint32(/* id 20, wireType 2 =*/162).fork(), _depth + 1).ldelim();
                    if (message.additionalProperties != null && $Object.hasOwnProperty.call(message, "additionalProperties"))
                        $root.mctunnel.openapi.v2.SchemaOrFlag.encode(message.additionalProperties, writer.uint32(/* id 21, wireType 2 =*/170).fork(), _depth + 1).ldelim();
                    if (message.type != null && $Object.hasOwnProperty.call(message, "type"))
                        $root.mctunnel.openapi.v2.Types.encode(message.type, writer.uint32(/* id 22, wireType 2 =*/178).fork(), _depth + 1).ldelim();
                    if (message.items != null && $Object.hasOwnProperty.call(message, "items"))
                        $root.mctunnel.openapi.v2.Schemas.encode(message.items, writer.uint32(/* id 23, wireType 2 =*/186).fork(), _depth + 1).ldelim();
                    if (message.properties != null && $Object.hasOwnProperty.call(message, "properties"))
                        $root.mctunnel.openapi.v2.Definitions.encode(message.properties, writer.uint32(/* id 25, wireType 2 =*/202).fork(), _depth + 1).ldelim();
                    if (message.extensions != null && message.extensions.length)
                        for (let i = 0; i < message.extensions.length; ++i)
                            $root.mctunnel.openapi.v2.NamedValue.encode(message.extensions[i], writer.uint32(/* id 31, wireType 2 =*/250).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Schema;
            })();

            v2.SchemaOrFlag = (function() {

                /**
                 * Properties of a SchemaOrFlag.
                 * @typedef {Object} mctunnel.openapi.v2.SchemaOrFlag.$Properties
                 * @property {mctunnel.openapi.v2.Schema.$Properties|null} [schema] SchemaOrFlag schema
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a SchemaOrFlag.
                 * @memberof mctunnel.openapi.v2
                 * @interface ISchemaOrFlag
                 * @augments mctunnel.openapi.v2.SchemaOrFlag.$Properties
                 * @deprecated Use mctunnel.openapi.v2.SchemaOrFlag.$Properties instead.
                 */

                /**
                 * Shape of a SchemaOrFlag.
                 * @typedef {mctunnel.openapi.v2.SchemaOrFlag.$Properties} mctunnel.openapi.v2.SchemaOrFlag.$Shape
                 */

                /**
                 * Constructs a new SchemaOrFlag.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a SchemaOrFlag.
                 * @constructor
                 * @param {mctunnel.openapi.v2.SchemaOrFlag.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const SchemaOrFlag = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * SchemaOrFlag schema.
                 * @member {mctunnel.openapi.v2.Schema.$Properties|null|undefined} schema
                 * @memberof mctunnel.openapi.v2.SchemaOrFlag
                 * @instance
                 */
                SchemaOrFlag.prototype.schema = null;

                /**
                 * Encodes the specified SchemaOrFlag message. Does not implicitly {@link mctunnel.openapi.v2.SchemaOrFlag.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.SchemaOrFlag
                 * @static
                 * @param {mctunnel.openapi.v2.SchemaOrFlag.$Properties} message SchemaOrFlag message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                SchemaOrFlag.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.schema != null && $Object.hasOwnProperty.call(message, "schema"))
                        $root.mctunnel.openapi.v2.Schema.encode(message.schema, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return SchemaOrFlag;
            })();

            v2.Types = (function() {

                /**
                 * Properties of a Types.
                 * @typedef {Object} mctunnel.openapi.v2.Types.$Properties
                 * @property {Array.<string>|null} [names] Types names
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Types.
                 * @memberof mctunnel.openapi.v2
                 * @interface ITypes
                 * @augments mctunnel.openapi.v2.Types.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Types.$Properties instead.
                 */

                /**
                 * Shape of a Types.
                 * @typedef {mctunnel.openapi.v2.Types.$Properties} mctunnel.openapi.v2.Types.$Shape
                 */

                /**
                 * Constructs a new Types.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Types.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Types.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Types = function (properties) {
                    this.names = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Types names.
                 * @member {Array.<string>} names
                 * @memberof mctunnel.openapi.v2.Types
                 * @instance
                 */
                Types.prototype.names = $util.emptyArray;

                /**
                 * Encodes the specified Types message. Does not implicitly {@link mctunnel.openapi.v2.Types.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Types
                 * @static
                 * @param {mctunnel.openapi.v2.Types.$Properties} message Types message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Types.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.names != null && message.names.length)
                        for (let i = 0; i < message.names.length; ++i)
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.names[i]);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Types;
            })();

            v2.Schemas = (function() {

                /**
                 * Properties of a Schemas.
                 * @typedef {Object} mctunnel.openapi.v2.Schemas.$Properties
                 * @property {Array.<mctunnel.openapi.v2.Schema.$Properties>|null} [schemas] Schemas schemas
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Schemas.
                 * @memberof mctunnel.openapi.v2
                 * @interface ISchemas
                 * @augments mctunnel.openapi.v2.Schemas.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Schemas.$Properties instead.
                 */

                /**
                 * Shape of a Schemas.
                 * @typedef {mctunnel.openapi.v2.Schemas.$Properties} mctunnel.openapi.v2.Schemas.$Shape
                 */

                /**
                 * Constructs a new Schemas.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Schemas.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Schemas.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Schemas = function (properties) {
                    this.schemas = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Schemas schemas.
                 * @member {Array.<mctunnel.openapi.v2.Schema.$Properties>} schemas
                 * @memberof mctunnel.openapi.v2.Schemas
                 * @instance
                 */
                Schemas.prototype.schemas = $util.emptyArray;

                /**
                 * Encodes the specified Schemas message. Does not implicitly {@link mctunnel.openapi.v2.Schemas.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Schemas
                 * @static
                 * @param {mctunnel.openapi.v2.Schemas.$Properties} message Schemas message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Schemas.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.schemas != null && message.schemas.length)
                        for (let i = 0; i < message.schemas.length; ++i)
                            $root.mctunnel.openapi.v2.Schema.encode(message.schemas[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Schemas;
            })();

            v2.NamedValue = (function() {

                /**
                 * Properties of a NamedValue.
                 * @typedef {Object} mctunnel.openapi.v2.NamedValue.$Properties
                 * @property {string|null} [name] NamedValue name
                 * @property {mctunnel.openapi.v2.Value.$Properties|null} [value] NamedValue value
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a NamedValue.
                 * @memberof mctunnel.openapi.v2
                 * @interface INamedValue
                 * @augments mctunnel.openapi.v2.NamedValue.$Properties
                 * @deprecated Use mctunnel.openapi.v2.NamedValue.$Properties instead.
                 */

                /**
                 * Shape of a NamedValue.
                 * @typedef {mctunnel.openapi.v2.NamedValue.$Properties} mctunnel.openapi.v2.NamedValue.$Shape
                 */

                /**
                 * Constructs a new NamedValue.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a NamedValue.
                 * @constructor
                 * @param {mctunnel.openapi.v2.NamedValue.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const NamedValue = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * NamedValue name.
                 * @member {string} name
                 * @memberof mctunnel.openapi.v2.NamedValue
                 * @instance
                 */
                NamedValue.prototype.name = "";

                /**
                 * NamedValue value.
                 * @member {mctunnel.openapi.v2.Value.$Properties|null|undefined} value
                 * @memberof mctunnel.openapi.v2.NamedValue
                 * @instance
                 */
                NamedValue.prototype.value = null;

                /**
                 * Encodes the specified NamedValue message. Does not implicitly {@link mctunnel.openapi.v2.NamedValue.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.NamedValue
                 * @static
                 * @param {mctunnel.openapi.v2.NamedValue.$Properties} message NamedValue message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                NamedValue.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                    if (message.value != null && $Object.hasOwnProperty.call(message, "value"))
                        $root.mctunnel.openapi.v2.Value.encode(message.value, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return NamedValue;
            })();

            v2.Value = (function() {

                /**
                 * Properties of a Value.
                 * @typedef {Object} mctunnel.openapi.v2.Value.$Properties
                 * @property {string|null} [yaml] Value yaml
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Value.
                 * @memberof mctunnel.openapi.v2
                 * @interface IValue
                 * @augments mctunnel.openapi.v2.Value.$Properties
                 * @deprecated Use mctunnel.openapi.v2.Value.$Properties instead.
                 */

                /**
                 * Shape of a Value.
                 * @typedef {mctunnel.openapi.v2.Value.$Properties} mctunnel.openapi.v2.Value.$Shape
                 */

                /**
                 * Constructs a new Value.
                 * @memberof mctunnel.openapi.v2
                 * @classdesc Represents a Value.
                 * @constructor
                 * @param {mctunnel.openapi.v2.Value.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Value = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Value yaml.
                 * @member {string} yaml
                 * @memberof mctunnel.openapi.v2.Value
                 * @instance
                 */
                Value.prototype.yaml = "";

                /**
                 * Encodes the specified Value message. Does not implicitly {@link mctunnel.openapi.v2.Value.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.openapi.v2.Value
                 * @static
                 * @param {mctunnel.openapi.v2.Value.$Properties} message Value message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Value.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.yaml != null && $Object.hasOwnProperty.call(message, "yaml") && message.yaml !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.yaml);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                return Value;
            })();

            return v2;
        })();

        return openapi;
    })();

    return mctunnel;
})();

export {
  $root as default
};
