/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["mctunnel-tunnel"] || ($protobuf.roots["mctunnel-tunnel"] = {});

export const mctunnel = $root.mctunnel = (() => {

    /**
     * Namespace mctunnel.
     * @exports mctunnel
     * @namespace
     */
    const mctunnel = {};

    mctunnel.tunnel = (function() {

        /**
         * Namespace tunnel.
         * @memberof mctunnel
         * @namespace
         */
        const tunnel = {};

        tunnel.v1 = (function() {

            /**
             * Namespace v1.
             * @memberof mctunnel.tunnel
             * @namespace
             */
            const v1 = {};

            v1.Batch = (function() {

                /**
                 * Properties of a Batch.
                 * @typedef {Object} mctunnel.tunnel.v1.Batch.$Properties
                 * @property {mctunnel.tunnel.v1.Hello.$Properties|null} [hello] Batch hello
                 * @property {mctunnel.tunnel.v1.Welcome.$Properties|null} [welcome] Batch welcome
                 * @property {mctunnel.tunnel.v1.Ping.$Properties|null} [ping] Batch ping
                 * @property {mctunnel.tunnel.v1.Pong.$Properties|null} [pong] Batch pong
                 * @property {mctunnel.tunnel.v1.GoAway.$Properties|null} [goAway] Batch goAway
                 * @property {mctunnel.tunnel.v1.GoAwayAck.$Properties|null} [goAwayAck] Batch goAwayAck
                 * @property {number|null} [acknowledged] Batch acknowledged
                 * @property {Array.<mctunnel.tunnel.v1.Frame.$Properties>|null} [frames] Batch frames
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Batch.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IBatch
                 * @augments mctunnel.tunnel.v1.Batch.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Batch.$Properties instead.
                 */

                /**
                 * Shape of a Batch.
                 * @typedef {{
                 *   hello?: mctunnel.tunnel.v1.Hello.$Shape|null;
                 *   welcome?: mctunnel.tunnel.v1.Welcome.$Shape|null;
                 *   ping?: mctunnel.tunnel.v1.Ping.$Shape|null;
                 *   pong?: mctunnel.tunnel.v1.Pong.$Shape|null;
                 *   goAway?: mctunnel.tunnel.v1.GoAway.$Shape|null;
                 *   goAwayAck?: mctunnel.tunnel.v1.GoAwayAck.$Shape|null;
                 *   acknowledged?: number|null;
                 *   frames?: Array.<mctunnel.tunnel.v1.Frame.$Shape>|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * }} mctunnel.tunnel.v1.Batch.$Shape
                 */

                /**
                 * Constructs a new Batch.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Batch.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Batch.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Batch = function (properties) {
                    this.frames = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Batch hello.
                 * @member {mctunnel.tunnel.v1.Hello.$Properties|null|undefined} hello
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @instance
                 */
                Batch.prototype.hello = null;

                /**
                 * Batch welcome.
                 * @member {mctunnel.tunnel.v1.Welcome.$Properties|null|undefined} welcome
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @instance
                 */
                Batch.prototype.welcome = null;

                /**
                 * Batch ping.
                 * @member {mctunnel.tunnel.v1.Ping.$Properties|null|undefined} ping
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @instance
                 */
                Batch.prototype.ping = null;

                /**
                 * Batch pong.
                 * @member {mctunnel.tunnel.v1.Pong.$Properties|null|undefined} pong
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @instance
                 */
                Batch.prototype.pong = null;

                /**
                 * Batch goAway.
                 * @member {mctunnel.tunnel.v1.GoAway.$Properties|null|undefined} goAway
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @instance
                 */
                Batch.prototype.goAway = null;

                /**
                 * Batch goAwayAck.
                 * @member {mctunnel.tunnel.v1.GoAwayAck.$Properties|null|undefined} goAwayAck
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @instance
                 */
                Batch.prototype.goAwayAck = null;

                /**
                 * Batch acknowledged.
                 * @member {number} acknowledged
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @instance
                 */
                Batch.prototype.acknowledged = 0;

                /**
                 * Batch frames.
                 * @member {Array.<mctunnel.tunnel.v1.Frame.$Properties>} frames
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @instance
                 */
                Batch.prototype.frames = $util.emptyArray;

                /**
                 * Encodes the specified Batch message. Does not implicitly {@link mctunnel.tunnel.v1.Batch.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @static
                 * @param {mctunnel.tunnel.v1.Batch.$Properties} message Batch message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Batch.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.hello != null && $Object.hasOwnProperty.call(message, "hello"))
                        $root.mctunnel.tunnel.v1.Hello.encode(message.hello, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                    if (message.welcome != null && $Object.hasOwnProperty.call(message, "welcome"))
                        $root.mctunnel.tunnel.v1.Welcome.encode(message.welcome, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                    if (message.ping != null && $Object.hasOwnProperty.call(message, "ping"))
                        $root.mctunnel.tunnel.v1.Ping.encode(message.ping, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                    if (message.pong != null && $Object.hasOwnProperty.call(message, "pong"))
                        $root.mctunnel.tunnel.v1.Pong.encode(message.pong, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                    if (message.goAway != null && $Object.hasOwnProperty.call(message, "goAway"))
                        $root.mctunnel.tunnel.v1.GoAway.encode(message.goAway, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                    if (message.goAwayAck != null && $Object.hasOwnProperty.call(message, "goAwayAck"))
                        $root.mctunnel.tunnel.v1.GoAwayAck.encode(message.goAwayAck, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.acknowledged != null && $Object.hasOwnProperty.call(message, "acknowledged") && message.acknowledged !== 0)
                        writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.acknowledged);
                    if (message.frames != null && message.frames.length)
                        for (let i = 0; i < message.frames.length; ++i)
                            $root.mctunnel.tunnel.v1.Frame.encode(message.frames[i], writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Batch message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Batch
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Batch & mctunnel.tunnel.v1.Batch.$Shape} Batch
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Batch.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Batch();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                message.hello = $root.mctunnel.tunnel.v1.Hello.decode(reader, reader.size(), $undefined, _depth + 1, message.hello);
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                message.welcome = $root.mctunnel.tunnel.v1.Welcome.decode(reader, reader.size(), $undefined, _depth + 1, message.welcome);
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                message.ping = $root.mctunnel.tunnel.v1.Ping.decode(reader, reader.size(), $undefined, _depth + 1, message.ping);
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                message.pong = $root.mctunnel.tunnel.v1.Pong.decode(reader, reader.size(), $undefined, _depth + 1, message.pong);
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                message.goAway = $root.mctunnel.tunnel.v1.GoAway.decode(reader, reader.size(), $undefined, _depth + 1, message.goAway);
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                message.goAwayAck = $root.mctunnel.tunnel.v1.GoAwayAck.decode(reader, reader.size(), $undefined, _depth + 1, message.goAwayAck);
                                continue;
                            }
                        case 7: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.acknowledged = value;
                                else
                                    delete message.acknowledged;
                                continue;
                            }
                        case 8: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.frames && message.frames.length))
                                    message.frames = [];
                                message.frames.push($root.mctunnel.tunnel.v1.Frame.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Batch;
            })();

            v1.Frame = (function() {

                /**
                 * Properties of a Frame.
                 * @typedef {Object} mctunnel.tunnel.v1.Frame.$Properties
                 * @property {number|null} [stream] Frame stream
                 * @property {boolean|null} [fin] Frame fin
                 * @property {Uint8Array|null} [data] Frame data
                 * @property {number|null} [credit] Frame credit
                 * @property {mctunnel.tunnel.v1.Open.$Properties|null} [open] Frame open
                 * @property {mctunnel.tunnel.v1.Head.$Properties|null} [head] Frame head
                 * @property {mctunnel.tunnel.v1.Trailers.$Properties|null} [trailers] Frame trailers
                 * @property {mctunnel.tunnel.v1.Reset.$Properties|null} [reset] Frame reset
                 * @property {mctunnel.tunnel.v1.Stop.$Properties|null} [stop] Frame stop
                 * @property {"data"|"credit"|"open"|"head"|"trailers"|"reset"|"stop"} [body] Frame body
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Frame.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IFrame
                 * @augments mctunnel.tunnel.v1.Frame.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Frame.$Properties instead.
                 */

                /**
                 * Narrowed shape of a Frame.
                 * @typedef {{
                 *   stream?: number|null;
                 *   fin?: boolean|null;
                 *   data?: Uint8Array|null;
                 *   credit?: number|null;
                 *   open?: mctunnel.tunnel.v1.Open.$Shape|null;
                 *   head?: mctunnel.tunnel.v1.Head.$Shape|null;
                 *   trailers?: mctunnel.tunnel.v1.Trailers.$Shape|null;
                 *   reset?: mctunnel.tunnel.v1.Reset.$Shape|null;
                 *   stop?: mctunnel.tunnel.v1.Stop.$Shape|null;
                 *   $unknowns?: Array.<Uint8Array>;
                 * } & (
                 *   ({ body?: undefined; data?: null; credit?: null; open?: null; head?: null; trailers?: null; reset?: null; stop?: null }|{ body?: "data"; data: Uint8Array; credit?: null; open?: null; head?: null; trailers?: null; reset?: null; stop?: null }|{ body?: "credit"; data?: null; credit: number; open?: null; head?: null; trailers?: null; reset?: null; stop?: null }|{ body?: "open"; data?: null; credit?: null; open: mctunnel.tunnel.v1.Open.$Shape; head?: null; trailers?: null; reset?: null; stop?: null }|{ body?: "head"; data?: null; credit?: null; open?: null; head: mctunnel.tunnel.v1.Head.$Shape; trailers?: null; reset?: null; stop?: null }|{ body?: "trailers"; data?: null; credit?: null; open?: null; head?: null; trailers: mctunnel.tunnel.v1.Trailers.$Shape; reset?: null; stop?: null }|{ body?: "reset"; data?: null; credit?: null; open?: null; head?: null; trailers?: null; reset: mctunnel.tunnel.v1.Reset.$Shape; stop?: null }|{ body?: "stop"; data?: null; credit?: null; open?: null; head?: null; trailers?: null; reset?: null; stop: mctunnel.tunnel.v1.Stop.$Shape })
                 * )} mctunnel.tunnel.v1.Frame.$Shape
                 */

                /**
                 * Constructs a new Frame.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Frame.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Frame.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Frame = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Frame stream.
                 * @member {number} stream
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.stream = 0;

                /**
                 * Frame fin.
                 * @member {boolean} fin
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.fin = false;

                /**
                 * Frame data.
                 * @member {Uint8Array|null|undefined} data
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.data = null;

                /**
                 * Frame credit.
                 * @member {number|null|undefined} credit
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.credit = null;

                /**
                 * Frame open.
                 * @member {mctunnel.tunnel.v1.Open.$Properties|null|undefined} open
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.open = null;

                /**
                 * Frame head.
                 * @member {mctunnel.tunnel.v1.Head.$Properties|null|undefined} head
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.head = null;

                /**
                 * Frame trailers.
                 * @member {mctunnel.tunnel.v1.Trailers.$Properties|null|undefined} trailers
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.trailers = null;

                /**
                 * Frame reset.
                 * @member {mctunnel.tunnel.v1.Reset.$Properties|null|undefined} reset
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.reset = null;

                /**
                 * Frame stop.
                 * @member {mctunnel.tunnel.v1.Stop.$Properties|null|undefined} stop
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                Frame.prototype.stop = null;

                // OneOf field names bound to virtual getters and setters
                let $oneOfFields;

                /**
                 * Frame body.
                 * @member {"data"|"credit"|"open"|"head"|"trailers"|"reset"|"stop"|undefined} body
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @instance
                 */
                $Object.defineProperty(Frame.prototype, "body", {
                    get: $util.oneOfGetter($oneOfFields = ["data", "credit", "open", "head", "trailers", "reset", "stop"]),
                    set: $util.oneOfSetter($oneOfFields)
                });

                /**
                 * Encodes the specified Frame message. Does not implicitly {@link mctunnel.tunnel.v1.Frame.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @static
                 * @param {mctunnel.tunnel.v1.Frame.$Properties} message Frame message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Frame.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.stream != null && $Object.hasOwnProperty.call(message, "stream") && message.stream !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.stream);
                    if (message.fin != null && $Object.hasOwnProperty.call(message, "fin") && message.fin !== false)
                        writer.uint32(/* id 2, wireType 0 =*/16).bool(message.fin);
                    if (message.data != null && $Object.hasOwnProperty.call(message, "data"))
                        writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.data);
                    if (message.credit != null && $Object.hasOwnProperty.call(message, "credit"))
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.credit);
                    if (message.open != null && $Object.hasOwnProperty.call(message, "open"))
                        $root.mctunnel.tunnel.v1.Open.encode(message.open, writer.uint32(/* id 5, wireType 2 =*/42).fork(), _depth + 1).ldelim();
                    if (message.head != null && $Object.hasOwnProperty.call(message, "head"))
                        $root.mctunnel.tunnel.v1.Head.encode(message.head, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.trailers != null && $Object.hasOwnProperty.call(message, "trailers"))
                        $root.mctunnel.tunnel.v1.Trailers.encode(message.trailers, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                    if (message.reset != null && $Object.hasOwnProperty.call(message, "reset"))
                        $root.mctunnel.tunnel.v1.Reset.encode(message.reset, writer.uint32(/* id 8, wireType 2 =*/66).fork(), _depth + 1).ldelim();
                    if (message.stop != null && $Object.hasOwnProperty.call(message, "stop"))
                        $root.mctunnel.tunnel.v1.Stop.encode(message.stop, writer.uint32(/* id 9, wireType 2 =*/74).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Frame message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Frame
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Frame & mctunnel.tunnel.v1.Frame.$Shape} Frame
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Frame.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Frame();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.stream = value;
                                else
                                    delete message.stream;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.bool())
                                    message.fin = value;
                                else
                                    delete message.fin;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                message.data = reader.bytes();
                                message.body = "data";
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                message.credit = reader.uint32();
                                message.body = "credit";
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                message.open = $root.mctunnel.tunnel.v1.Open.decode(reader, reader.size(), $undefined, _depth + 1, message.open);
                                message.body = "open";
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                message.head = $root.mctunnel.tunnel.v1.Head.decode(reader, reader.size(), $undefined, _depth + 1, message.head);
                                message.body = "head";
                                continue;
                            }
                        case 7: {
                                if (wireType !== 2)
                                    break;
                                message.trailers = $root.mctunnel.tunnel.v1.Trailers.decode(reader, reader.size(), $undefined, _depth + 1, message.trailers);
                                message.body = "trailers";
                                continue;
                            }
                        case 8: {
                                if (wireType !== 2)
                                    break;
                                message.reset = $root.mctunnel.tunnel.v1.Reset.decode(reader, reader.size(), $undefined, _depth + 1, message.reset);
                                message.body = "reset";
                                continue;
                            }
                        case 9: {
                                if (wireType !== 2)
                                    break;
                                message.stop = $root.mctunnel.tunnel.v1.Stop.decode(reader, reader.size(), $undefined, _depth + 1, message.stop);
                                message.body = "stop";
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Frame;
            })();

            v1.Hello = (function() {

                /**
                 * Properties of a Hello.
                 * @typedef {Object} mctunnel.tunnel.v1.Hello.$Properties
                 * @property {Array.<number>|null} [versions] Hello versions
                 * @property {string|null} [agentVersion] Hello agentVersion
                 * @property {string|null} [instanceId] Hello instanceId
                 * @property {string|null} [clusterUid] Hello clusterUid
                 * @property {Array.<string>|null} [capabilities] Hello capabilities
                 * @property {number|null} [maxStreams] Hello maxStreams
                 * @property {number|null} [initialWindow] Hello initialWindow
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Hello.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IHello
                 * @augments mctunnel.tunnel.v1.Hello.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Hello.$Properties instead.
                 */

                /**
                 * Shape of a Hello.
                 * @typedef {mctunnel.tunnel.v1.Hello.$Properties} mctunnel.tunnel.v1.Hello.$Shape
                 */

                /**
                 * Constructs a new Hello.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Hello.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Hello.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Hello = function (properties) {
                    this.versions = [];
                    this.capabilities = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Hello versions.
                 * @member {Array.<number>} versions
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.versions = $util.emptyArray;

                /**
                 * Hello agentVersion.
                 * @member {string} agentVersion
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.agentVersion = "";

                /**
                 * Hello instanceId.
                 * @member {string} instanceId
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.instanceId = "";

                /**
                 * Hello clusterUid.
                 * @member {string} clusterUid
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.clusterUid = "";

                /**
                 * Hello capabilities.
                 * @member {Array.<string>} capabilities
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.capabilities = $util.emptyArray;

                /**
                 * Hello maxStreams.
                 * @member {number} maxStreams
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.maxStreams = 0;

                /**
                 * Hello initialWindow.
                 * @member {number} initialWindow
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @instance
                 */
                Hello.prototype.initialWindow = 0;

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link mctunnel.tunnel.v1.Hello.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @static
                 * @param {mctunnel.tunnel.v1.Hello.$Properties} message Hello message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Hello.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.versions != null && message.versions.length)
                        writer.uint32(/* id 1, wireType 2 =*/10).uint32s(message.versions);
                    if (message.agentVersion != null && $Object.hasOwnProperty.call(message, "agentVersion") && message.agentVersion !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.agentVersion);
                    if (message.instanceId != null && $Object.hasOwnProperty.call(message, "instanceId") && message.instanceId !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.instanceId);
                    if (message.clusterUid != null && $Object.hasOwnProperty.call(message, "clusterUid") && message.clusterUid !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.clusterUid);
                    if (message.capabilities != null && message.capabilities.length)
                        for (let i = 0; i < message.capabilities.length; ++i)
                            writer.uint32(/* id 5, wireType 2 =*/42).string(message.capabilities[i]);
                    if (message.maxStreams != null && $Object.hasOwnProperty.call(message, "maxStreams") && message.maxStreams !== 0)
                        writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.maxStreams);
                    if (message.initialWindow != null && $Object.hasOwnProperty.call(message, "initialWindow") && message.initialWindow !== 0)
                        writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.initialWindow);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Hello
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Hello & mctunnel.tunnel.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Hello.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Hello();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType === 2) {
                                    if (!(message.versions && message.versions.length))
                                        message.versions = [];
                                    reader.uint32s(message.versions);
                                    continue;
                                }
                                if (wireType !== 0)
                                    break;
                                if (!(message.versions && message.versions.length))
                                    message.versions = [];
                                message.versions.push(reader.uint32());
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.agentVersion = value;
                                else
                                    delete message.agentVersion;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.instanceId = value;
                                else
                                    delete message.instanceId;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.clusterUid = value;
                                else
                                    delete message.clusterUid;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.capabilities && message.capabilities.length))
                                    message.capabilities = [];
                                message.capabilities.push(reader.stringVerify());
                                continue;
                            }
                        case 6: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.maxStreams = value;
                                else
                                    delete message.maxStreams;
                                continue;
                            }
                        case 7: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.initialWindow = value;
                                else
                                    delete message.initialWindow;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Hello;
            })();

            v1.Welcome = (function() {

                /**
                 * Properties of a Welcome.
                 * @typedef {Object} mctunnel.tunnel.v1.Welcome.$Properties
                 * @property {number|null} [version] Welcome version
                 * @property {string|null} [hubId] Welcome hubId
                 * @property {number|null} [replicas] Welcome replicas
                 * @property {string|null} [cluster] Welcome cluster
                 * @property {number|null} [maxStreams] Welcome maxStreams
                 * @property {number|null} [initialWindow] Welcome initialWindow
                 * @property {number|null} [pingIntervalMs] Welcome pingIntervalMs
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Welcome.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IWelcome
                 * @augments mctunnel.tunnel.v1.Welcome.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Welcome.$Properties instead.
                 */

                /**
                 * Shape of a Welcome.
                 * @typedef {mctunnel.tunnel.v1.Welcome.$Properties} mctunnel.tunnel.v1.Welcome.$Shape
                 */

                /**
                 * Constructs a new Welcome.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Welcome.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Welcome.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Welcome = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Welcome version.
                 * @member {number} version
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.version = 0;

                /**
                 * Welcome hubId.
                 * @member {string} hubId
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.hubId = "";

                /**
                 * Welcome replicas.
                 * @member {number} replicas
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.replicas = 0;

                /**
                 * Welcome cluster.
                 * @member {string} cluster
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.cluster = "";

                /**
                 * Welcome maxStreams.
                 * @member {number} maxStreams
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.maxStreams = 0;

                /**
                 * Welcome initialWindow.
                 * @member {number} initialWindow
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.initialWindow = 0;

                /**
                 * Welcome pingIntervalMs.
                 * @member {number} pingIntervalMs
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @instance
                 */
                Welcome.prototype.pingIntervalMs = 0;

                /**
                 * Encodes the specified Welcome message. Does not implicitly {@link mctunnel.tunnel.v1.Welcome.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @static
                 * @param {mctunnel.tunnel.v1.Welcome.$Properties} message Welcome message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Welcome.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.version);
                    if (message.hubId != null && $Object.hasOwnProperty.call(message, "hubId") && message.hubId !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.hubId);
                    if (message.replicas != null && $Object.hasOwnProperty.call(message, "replicas") && message.replicas !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.replicas);
                    if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster") && message.cluster !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.cluster);
                    if (message.maxStreams != null && $Object.hasOwnProperty.call(message, "maxStreams") && message.maxStreams !== 0)
                        writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.maxStreams);
                    if (message.initialWindow != null && $Object.hasOwnProperty.call(message, "initialWindow") && message.initialWindow !== 0)
                        writer.uint32(/* id 6, wireType 0 =*/48).uint32(message.initialWindow);
                    if (message.pingIntervalMs != null && $Object.hasOwnProperty.call(message, "pingIntervalMs") && message.pingIntervalMs !== 0)
                        writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.pingIntervalMs);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Welcome message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Welcome
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Welcome & mctunnel.tunnel.v1.Welcome.$Shape} Welcome
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Welcome.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Welcome();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.version = value;
                                else
                                    delete message.version;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.hubId = value;
                                else
                                    delete message.hubId;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.replicas = value;
                                else
                                    delete message.replicas;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.cluster = value;
                                else
                                    delete message.cluster;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.maxStreams = value;
                                else
                                    delete message.maxStreams;
                                continue;
                            }
                        case 6: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.initialWindow = value;
                                else
                                    delete message.initialWindow;
                                continue;
                            }
                        case 7: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.pingIntervalMs = value;
                                else
                                    delete message.pingIntervalMs;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Welcome;
            })();

            v1.Ping = (function() {

                /**
                 * Properties of a Ping.
                 * @typedef {Object} mctunnel.tunnel.v1.Ping.$Properties
                 * @property {number|null} [nonce] Ping nonce
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Ping.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IPing
                 * @augments mctunnel.tunnel.v1.Ping.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Ping.$Properties instead.
                 */

                /**
                 * Shape of a Ping.
                 * @typedef {mctunnel.tunnel.v1.Ping.$Properties} mctunnel.tunnel.v1.Ping.$Shape
                 */

                /**
                 * Constructs a new Ping.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Ping.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Ping.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Ping = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Ping nonce.
                 * @member {number} nonce
                 * @memberof mctunnel.tunnel.v1.Ping
                 * @instance
                 */
                Ping.prototype.nonce = 0;

                /**
                 * Encodes the specified Ping message. Does not implicitly {@link mctunnel.tunnel.v1.Ping.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Ping
                 * @static
                 * @param {mctunnel.tunnel.v1.Ping.$Properties} message Ping message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Ping.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.nonce);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Ping message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Ping
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Ping & mctunnel.tunnel.v1.Ping.$Shape} Ping
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Ping.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Ping();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.nonce = value;
                                else
                                    delete message.nonce;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Ping;
            })();

            v1.Pong = (function() {

                /**
                 * Properties of a Pong.
                 * @typedef {Object} mctunnel.tunnel.v1.Pong.$Properties
                 * @property {number|null} [nonce] Pong nonce
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Pong.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IPong
                 * @augments mctunnel.tunnel.v1.Pong.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Pong.$Properties instead.
                 */

                /**
                 * Shape of a Pong.
                 * @typedef {mctunnel.tunnel.v1.Pong.$Properties} mctunnel.tunnel.v1.Pong.$Shape
                 */

                /**
                 * Constructs a new Pong.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Pong.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Pong.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Pong = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Pong nonce.
                 * @member {number} nonce
                 * @memberof mctunnel.tunnel.v1.Pong
                 * @instance
                 */
                Pong.prototype.nonce = 0;

                /**
                 * Encodes the specified Pong message. Does not implicitly {@link mctunnel.tunnel.v1.Pong.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Pong
                 * @static
                 * @param {mctunnel.tunnel.v1.Pong.$Properties} message Pong message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Pong.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.nonce != null && $Object.hasOwnProperty.call(message, "nonce") && message.nonce !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.nonce);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Pong message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Pong
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Pong & mctunnel.tunnel.v1.Pong.$Shape} Pong
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Pong.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Pong();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.nonce = value;
                                else
                                    delete message.nonce;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Pong;
            })();

            v1.GoAway = (function() {

                /**
                 * Properties of a GoAway.
                 * @typedef {Object} mctunnel.tunnel.v1.GoAway.$Properties
                 * @property {number|null} [code] GoAway code
                 * @property {string|null} [message] GoAway message
                 * @property {number|null} [lastStream] GoAway lastStream
                 * @property {number|null} [retryAfterMs] GoAway retryAfterMs
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a GoAway.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IGoAway
                 * @augments mctunnel.tunnel.v1.GoAway.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.GoAway.$Properties instead.
                 */

                /**
                 * Shape of a GoAway.
                 * @typedef {mctunnel.tunnel.v1.GoAway.$Properties} mctunnel.tunnel.v1.GoAway.$Shape
                 */

                /**
                 * Constructs a new GoAway.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a GoAway.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.GoAway.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const GoAway = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * GoAway code.
                 * @member {number} code
                 * @memberof mctunnel.tunnel.v1.GoAway
                 * @instance
                 */
                GoAway.prototype.code = 0;

                /**
                 * GoAway message.
                 * @member {string} message
                 * @memberof mctunnel.tunnel.v1.GoAway
                 * @instance
                 */
                GoAway.prototype.message = "";

                /**
                 * GoAway lastStream.
                 * @member {number} lastStream
                 * @memberof mctunnel.tunnel.v1.GoAway
                 * @instance
                 */
                GoAway.prototype.lastStream = 0;

                /**
                 * GoAway retryAfterMs.
                 * @member {number} retryAfterMs
                 * @memberof mctunnel.tunnel.v1.GoAway
                 * @instance
                 */
                GoAway.prototype.retryAfterMs = 0;

                /**
                 * Encodes the specified GoAway message. Does not implicitly {@link mctunnel.tunnel.v1.GoAway.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.GoAway
                 * @static
                 * @param {mctunnel.tunnel.v1.GoAway.$Properties} message GoAway message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                GoAway.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.code);
                    if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
                    if (message.lastStream != null && $Object.hasOwnProperty.call(message, "lastStream") && message.lastStream !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.lastStream);
                    if (message.retryAfterMs != null && $Object.hasOwnProperty.call(message, "retryAfterMs") && message.retryAfterMs !== 0)
                        writer.uint32(/* id 4, wireType 0 =*/32).uint32(message.retryAfterMs);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a GoAway message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.GoAway
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.GoAway & mctunnel.tunnel.v1.GoAway.$Shape} GoAway
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                GoAway.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.GoAway();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.message = value;
                                else
                                    delete message.message;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.lastStream = value;
                                else
                                    delete message.lastStream;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.retryAfterMs = value;
                                else
                                    delete message.retryAfterMs;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return GoAway;
            })();

            v1.GoAwayAck = (function() {

                /**
                 * Properties of a GoAwayAck.
                 * @typedef {Object} mctunnel.tunnel.v1.GoAwayAck.$Properties
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a GoAwayAck.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IGoAwayAck
                 * @augments mctunnel.tunnel.v1.GoAwayAck.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.GoAwayAck.$Properties instead.
                 */

                /**
                 * Shape of a GoAwayAck.
                 * @typedef {mctunnel.tunnel.v1.GoAwayAck.$Properties} mctunnel.tunnel.v1.GoAwayAck.$Shape
                 */

                /**
                 * Constructs a new GoAwayAck.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a GoAwayAck.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.GoAwayAck.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const GoAwayAck = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Encodes the specified GoAwayAck message. Does not implicitly {@link mctunnel.tunnel.v1.GoAwayAck.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.GoAwayAck
                 * @static
                 * @param {mctunnel.tunnel.v1.GoAwayAck.$Properties} message GoAwayAck message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                GoAwayAck.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a GoAwayAck message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.GoAwayAck
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.GoAwayAck & mctunnel.tunnel.v1.GoAwayAck.$Shape} GoAwayAck
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                GoAwayAck.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.GoAwayAck();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        reader.skipType(tag & 7, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return GoAwayAck;
            })();

            v1.Open = (function() {

                /**
                 * Properties of an Open.
                 * @typedef {Object} mctunnel.tunnel.v1.Open.$Properties
                 * @property {string|null} [protocol] Open protocol
                 * @property {string|null} [target] Open target
                 * @property {string|null} [method] Open method
                 * @property {string|null} [path] Open path
                 * @property {Array.<string>|null} [headers] Open headers
                 * @property {mctunnel.tunnel.v1.Identity.$Properties|null} [identity] Open identity
                 * @property {number|null} [window] Open window
                 * @property {number|null} [deadlineMs] Open deadlineMs
                 * @property {string|null} [traceparent] Open traceparent
                 * @property {string|null} [auditId] Open auditId
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Open.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IOpen
                 * @augments mctunnel.tunnel.v1.Open.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Open.$Properties instead.
                 */

                /**
                 * Shape of an Open.
                 * @typedef {mctunnel.tunnel.v1.Open.$Properties} mctunnel.tunnel.v1.Open.$Shape
                 */

                /**
                 * Constructs a new Open.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents an Open.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Open.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Open = function (properties) {
                    this.headers = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Open protocol.
                 * @member {string} protocol
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.protocol = "";

                /**
                 * Open target.
                 * @member {string} target
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.target = "";

                /**
                 * Open method.
                 * @member {string} method
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.method = "";

                /**
                 * Open path.
                 * @member {string} path
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.path = "";

                /**
                 * Open headers.
                 * @member {Array.<string>} headers
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.headers = $util.emptyArray;

                /**
                 * Open identity.
                 * @member {mctunnel.tunnel.v1.Identity.$Properties|null|undefined} identity
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.identity = null;

                /**
                 * Open window.
                 * @member {number} window
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.window = 0;

                /**
                 * Open deadlineMs.
                 * @member {number} deadlineMs
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.deadlineMs = 0;

                /**
                 * Open traceparent.
                 * @member {string} traceparent
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.traceparent = "";

                /**
                 * Open auditId.
                 * @member {string} auditId
                 * @memberof mctunnel.tunnel.v1.Open
                 * @instance
                 */
                Open.prototype.auditId = "";

                /**
                 * Encodes the specified Open message. Does not implicitly {@link mctunnel.tunnel.v1.Open.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Open
                 * @static
                 * @param {mctunnel.tunnel.v1.Open.$Properties} message Open message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Open.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.protocol != null && $Object.hasOwnProperty.call(message, "protocol") && message.protocol !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.protocol);
                    if (message.target != null && $Object.hasOwnProperty.call(message, "target") && message.target !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.target);
                    if (message.method != null && $Object.hasOwnProperty.call(message, "method") && message.method !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.method);
                    if (message.path != null && $Object.hasOwnProperty.call(message, "path") && message.path !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.path);
                    if (message.headers != null && message.headers.length)
                        for (let i = 0; i < message.headers.length; ++i)
                            writer.uint32(/* id 5, wireType 2 =*/42).string(message.headers[i]);
                    if (message.identity != null && $Object.hasOwnProperty.call(message, "identity"))
                        $root.mctunnel.tunnel.v1.Identity.encode(message.identity, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                    if (message.window != null && $Object.hasOwnProperty.call(message, "window") && message.window !== 0)
                        writer.uint32(/* id 7, wireType 0 =*/56).uint32(message.window);
                    if (message.deadlineMs != null && $Object.hasOwnProperty.call(message, "deadlineMs") && message.deadlineMs !== 0)
                        writer.uint32(/* id 8, wireType 0 =*/64).uint32(message.deadlineMs);
                    if (message.traceparent != null && $Object.hasOwnProperty.call(message, "traceparent") && message.traceparent !== "")
                        writer.uint32(/* id 9, wireType 2 =*/74).string(message.traceparent);
                    if (message.auditId != null && $Object.hasOwnProperty.call(message, "auditId") && message.auditId !== "")
                        writer.uint32(/* id 10, wireType 2 =*/82).string(message.auditId);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Open message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Open
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Open & mctunnel.tunnel.v1.Open.$Shape} Open
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Open.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Open();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.protocol = value;
                                else
                                    delete message.protocol;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.target = value;
                                else
                                    delete message.target;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.method = value;
                                else
                                    delete message.method;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.path = value;
                                else
                                    delete message.path;
                                continue;
                            }
                        case 5: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.headers && message.headers.length))
                                    message.headers = [];
                                message.headers.push(reader.stringVerify());
                                continue;
                            }
                        case 6: {
                                if (wireType !== 2)
                                    break;
                                message.identity = $root.mctunnel.tunnel.v1.Identity.decode(reader, reader.size(), $undefined, _depth + 1, message.identity);
                                continue;
                            }
                        case 7: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.window = value;
                                else
                                    delete message.window;
                                continue;
                            }
                        case 8: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.deadlineMs = value;
                                else
                                    delete message.deadlineMs;
                                continue;
                            }
                        case 9: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.traceparent = value;
                                else
                                    delete message.traceparent;
                                continue;
                            }
                        case 10: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.auditId = value;
                                else
                                    delete message.auditId;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Open;
            })();

            v1.Identity = (function() {

                /**
                 * Properties of an Identity.
                 * @typedef {Object} mctunnel.tunnel.v1.Identity.$Properties
                 * @property {string|null} [user] Identity user
                 * @property {string|null} [uid] Identity uid
                 * @property {Array.<string>|null} [groups] Identity groups
                 * @property {Array.<mctunnel.tunnel.v1.Identity.Extra.$Properties>|null} [extra] Identity extra
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an Identity.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IIdentity
                 * @augments mctunnel.tunnel.v1.Identity.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Identity.$Properties instead.
                 */

                /**
                 * Shape of an Identity.
                 * @typedef {mctunnel.tunnel.v1.Identity.$Properties} mctunnel.tunnel.v1.Identity.$Shape
                 */

                /**
                 * Constructs a new Identity.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents an Identity.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Identity.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Identity = function (properties) {
                    this.groups = [];
                    this.extra = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Identity user.
                 * @member {string} user
                 * @memberof mctunnel.tunnel.v1.Identity
                 * @instance
                 */
                Identity.prototype.user = "";

                /**
                 * Identity uid.
                 * @member {string} uid
                 * @memberof mctunnel.tunnel.v1.Identity
                 * @instance
                 */
                Identity.prototype.uid = "";

                /**
                 * Identity groups.
                 * @member {Array.<string>} groups
                 * @memberof mctunnel.tunnel.v1.Identity
                 * @instance
                 */
                Identity.prototype.groups = $util.emptyArray;

                /**
                 * Identity extra.
                 * @member {Array.<mctunnel.tunnel.v1.Identity.Extra.$Properties>} extra
                 * @memberof mctunnel.tunnel.v1.Identity
                 * @instance
                 */
                Identity.prototype.extra = $util.emptyArray;

                /**
                 * Encodes the specified Identity message. Does not implicitly {@link mctunnel.tunnel.v1.Identity.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Identity
                 * @static
                 * @param {mctunnel.tunnel.v1.Identity.$Properties} message Identity message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Identity.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.user != null && $Object.hasOwnProperty.call(message, "user") && message.user !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.user);
                    if (message.uid != null && $Object.hasOwnProperty.call(message, "uid") && message.uid !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.uid);
                    if (message.groups != null && message.groups.length)
                        for (let i = 0; i < message.groups.length; ++i)
                            writer.uint32(/* id 3, wireType 2 =*/26).string(message.groups[i]);
                    if (message.extra != null && message.extra.length)
                        for (let i = 0; i < message.extra.length; ++i)
                            $root.mctunnel.tunnel.v1.Identity.Extra.encode(message.extra[i], writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an Identity message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Identity
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Identity & mctunnel.tunnel.v1.Identity.$Shape} Identity
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Identity.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Identity();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.user = value;
                                else
                                    delete message.user;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.uid = value;
                                else
                                    delete message.uid;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.groups && message.groups.length))
                                    message.groups = [];
                                message.groups.push(reader.stringVerify());
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.extra && message.extra.length))
                                    message.extra = [];
                                message.extra.push($root.mctunnel.tunnel.v1.Identity.Extra.decode(reader, reader.size(), $undefined, _depth + 1));
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                Identity.Extra = (function() {

                    /**
                     * Properties of an Extra.
                     * @typedef {Object} mctunnel.tunnel.v1.Identity.Extra.$Properties
                     * @property {string|null} [key] Extra key
                     * @property {Array.<string>|null} [values] Extra values
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */

                    /**
                     * Properties of an Extra.
                     * @memberof mctunnel.tunnel.v1.Identity
                     * @interface IExtra
                     * @augments mctunnel.tunnel.v1.Identity.Extra.$Properties
                     * @deprecated Use mctunnel.tunnel.v1.Identity.Extra.$Properties instead.
                     */

                    /**
                     * Shape of an Extra.
                     * @typedef {mctunnel.tunnel.v1.Identity.Extra.$Properties} mctunnel.tunnel.v1.Identity.Extra.$Shape
                     */

                    /**
                     * Constructs a new Extra.
                     * @memberof mctunnel.tunnel.v1.Identity
                     * @classdesc Represents an Extra.
                     * @constructor
                     * @param {mctunnel.tunnel.v1.Identity.Extra.$Properties=} [properties] Properties to set
                     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                     */
                    const Extra = function (properties) {
                        this.values = [];
                        if (properties)
                            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                    this[keys[i]] = properties[keys[i]];
                    };

                    /**
                     * Extra key.
                     * @member {string} key
                     * @memberof mctunnel.tunnel.v1.Identity.Extra
                     * @instance
                     */
                    Extra.prototype.key = "";

                    /**
                     * Extra values.
                     * @member {Array.<string>} values
                     * @memberof mctunnel.tunnel.v1.Identity.Extra
                     * @instance
                     */
                    Extra.prototype.values = $util.emptyArray;

                    /**
                     * Encodes the specified Extra message. Does not implicitly {@link mctunnel.tunnel.v1.Identity.Extra.verify|verify} messages.
                     * @function encode
                     * @memberof mctunnel.tunnel.v1.Identity.Extra
                     * @static
                     * @param {mctunnel.tunnel.v1.Identity.Extra.$Properties} message Extra message or plain object to encode
                     * @param {$protobuf.Writer} [writer] Writer to encode to
                     * @returns {$protobuf.Writer} Writer
                     */
                    Extra.encode = function (message, writer, _depth) {
                        if (!writer)
                            writer = $Writer.create();
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $util.recursionLimit)
                            throw $Error("max depth exceeded");
                        if (message.key != null && $Object.hasOwnProperty.call(message, "key") && message.key !== "")
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.key);
                        if (message.values != null && message.values.length)
                            for (let i = 0; i < message.values.length; ++i)
                                writer.uint32(/* id 2, wireType 2 =*/18).string(message.values[i]);
                        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                            for (let i = 0; i < message.$unknowns.length; ++i)
                                writer.raw(message.$unknowns[i]);
                        return writer;
                    };

                    /**
                     * Decodes an Extra message from the specified reader or buffer.
                     * @function decode
                     * @memberof mctunnel.tunnel.v1.Identity.Extra
                     * @static
                     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                     * @param {number} [length] Message length if known beforehand
                     * @returns {mctunnel.tunnel.v1.Identity.Extra & mctunnel.tunnel.v1.Identity.Extra.$Shape} Extra
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    Extra.decode = function (reader, length, _end, _depth, _target) {
                        if (!(reader instanceof $Reader))
                            reader = $Reader.create(reader);
                        if (_depth === $undefined)
                            _depth = 0;
                        if (_depth > $Reader.recursionLimit)
                            throw $Error("max depth exceeded");
                        let end, message, value;
                        if (length === $undefined)
                            end = reader.len;
                        else {
                            end = reader.pos + length;
                            if (end > reader.len)
                                throw $RangeError("index out of range");
                            length = reader.len;
                            reader.len = end;
                        }
                        message = _target || new $root.mctunnel.tunnel.v1.Identity.Extra();
                        while (reader.pos < end) {
                            let start = reader.pos;
                            let tag = reader.tag();
                            if (tag === _end) {
                                _end = $undefined;
                                break;
                            }
                            let wireType = tag & 7;
                            switch (tag >>>= 3) {
                            case 1: {
                                    if (wireType !== 2)
                                        break;
                                    if ((value = reader.stringVerify()).length)
                                        message.key = value;
                                    else
                                        delete message.key;
                                    continue;
                                }
                            case 2: {
                                    if (wireType !== 2)
                                        break;
                                    if (!(message.values && message.values.length))
                                        message.values = [];
                                    message.values.push(reader.stringVerify());
                                    continue;
                                }
                            }
                            reader.skipType(wireType, _depth, tag);
                            if (!reader.discardUnknown) {
                                $util.makeProp(message, "$unknowns", false);
                                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                            }
                        }
                        if (length !== $undefined) {
                            if (reader.pos !== end)
                                throw $RangeError("index out of range");
                            reader.len = length;
                        }
                        if (_end !== $undefined)
                            throw $Error("missing end group");
                        return message;
                    };

                    return Extra;
                })();

                return Identity;
            })();

            v1.Head = (function() {

                /**
                 * Properties of a Head.
                 * @typedef {Object} mctunnel.tunnel.v1.Head.$Properties
                 * @property {number|null} [status] Head status
                 * @property {Array.<string>|null} [headers] Head headers
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Head.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IHead
                 * @augments mctunnel.tunnel.v1.Head.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Head.$Properties instead.
                 */

                /**
                 * Shape of a Head.
                 * @typedef {mctunnel.tunnel.v1.Head.$Properties} mctunnel.tunnel.v1.Head.$Shape
                 */

                /**
                 * Constructs a new Head.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Head.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Head.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Head = function (properties) {
                    this.headers = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Head status.
                 * @member {number} status
                 * @memberof mctunnel.tunnel.v1.Head
                 * @instance
                 */
                Head.prototype.status = 0;

                /**
                 * Head headers.
                 * @member {Array.<string>} headers
                 * @memberof mctunnel.tunnel.v1.Head
                 * @instance
                 */
                Head.prototype.headers = $util.emptyArray;

                /**
                 * Encodes the specified Head message. Does not implicitly {@link mctunnel.tunnel.v1.Head.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Head
                 * @static
                 * @param {mctunnel.tunnel.v1.Head.$Properties} message Head message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Head.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.status != null && $Object.hasOwnProperty.call(message, "status") && message.status !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.status);
                    if (message.headers != null && message.headers.length)
                        for (let i = 0; i < message.headers.length; ++i)
                            writer.uint32(/* id 2, wireType 2 =*/18).string(message.headers[i]);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Head message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Head
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Head & mctunnel.tunnel.v1.Head.$Shape} Head
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Head.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Head();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.status = value;
                                else
                                    delete message.status;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.headers && message.headers.length))
                                    message.headers = [];
                                message.headers.push(reader.stringVerify());
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Head;
            })();

            v1.Trailers = (function() {

                /**
                 * Properties of a Trailers.
                 * @typedef {Object} mctunnel.tunnel.v1.Trailers.$Properties
                 * @property {Array.<string>|null} [headers] Trailers headers
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Trailers.
                 * @memberof mctunnel.tunnel.v1
                 * @interface ITrailers
                 * @augments mctunnel.tunnel.v1.Trailers.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Trailers.$Properties instead.
                 */

                /**
                 * Shape of a Trailers.
                 * @typedef {mctunnel.tunnel.v1.Trailers.$Properties} mctunnel.tunnel.v1.Trailers.$Shape
                 */

                /**
                 * Constructs a new Trailers.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Trailers.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Trailers.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Trailers = function (properties) {
                    this.headers = [];
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Trailers headers.
                 * @member {Array.<string>} headers
                 * @memberof mctunnel.tunnel.v1.Trailers
                 * @instance
                 */
                Trailers.prototype.headers = $util.emptyArray;

                /**
                 * Encodes the specified Trailers message. Does not implicitly {@link mctunnel.tunnel.v1.Trailers.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Trailers
                 * @static
                 * @param {mctunnel.tunnel.v1.Trailers.$Properties} message Trailers message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Trailers.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.headers != null && message.headers.length)
                        for (let i = 0; i < message.headers.length; ++i)
                            writer.uint32(/* id 1, wireType 2 =*/10).string(message.headers[i]);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Trailers message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Trailers
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Trailers & mctunnel.tunnel.v1.Trailers.$Shape} Trailers
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Trailers.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Trailers();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if (!(message.headers && message.headers.length))
                                    message.headers = [];
                                message.headers.push(reader.stringVerify());
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Trailers;
            })();

            /**
             * Delivered enum.
             * @name mctunnel.tunnel.v1.Delivered
             * @enum {number}
             * @property {number} DELIVERED_UNKNOWN=0 DELIVERED_UNKNOWN value
             * @property {number} DELIVERED_NO=1 DELIVERED_NO value
             */
            v1.Delivered = (function() {
                const valuesById = $Object.create(null), values = $Object.create(valuesById);
                values[valuesById[0] = "DELIVERED_UNKNOWN"] = 0;
                values[valuesById[1] = "DELIVERED_NO"] = 1;
                return values;
            })();

            v1.Reset = (function() {

                /**
                 * Properties of a Reset.
                 * @typedef {Object} mctunnel.tunnel.v1.Reset.$Properties
                 * @property {number|null} [code] Reset code
                 * @property {string|null} [message] Reset message
                 * @property {mctunnel.tunnel.v1.Delivered|null} [delivered] Reset delivered
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Reset.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IReset
                 * @augments mctunnel.tunnel.v1.Reset.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Reset.$Properties instead.
                 */

                /**
                 * Shape of a Reset.
                 * @typedef {mctunnel.tunnel.v1.Reset.$Properties} mctunnel.tunnel.v1.Reset.$Shape
                 */

                /**
                 * Constructs a new Reset.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Reset.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Reset.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Reset = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Reset code.
                 * @member {number} code
                 * @memberof mctunnel.tunnel.v1.Reset
                 * @instance
                 */
                Reset.prototype.code = 0;

                /**
                 * Reset message.
                 * @member {string} message
                 * @memberof mctunnel.tunnel.v1.Reset
                 * @instance
                 */
                Reset.prototype.message = "";

                /**
                 * Reset delivered.
                 * @member {mctunnel.tunnel.v1.Delivered} delivered
                 * @memberof mctunnel.tunnel.v1.Reset
                 * @instance
                 */
                Reset.prototype.delivered = 0;

                /**
                 * Encodes the specified Reset message. Does not implicitly {@link mctunnel.tunnel.v1.Reset.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Reset
                 * @static
                 * @param {mctunnel.tunnel.v1.Reset.$Properties} message Reset message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Reset.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== 0)
                        writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.code);
                    if (message.message != null && $Object.hasOwnProperty.call(message, "message") && message.message !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.message);
                    if (message.delivered != null && $Object.hasOwnProperty.call(message, "delivered") && message.delivered !== 0)
                        writer.uint32(/* id 3, wireType 0 =*/24).int32(message.delivered);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Reset message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Reset
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Reset & mctunnel.tunnel.v1.Reset.$Shape} Reset
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Reset.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Reset();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.uint32())
                                    message.code = value;
                                else
                                    delete message.code;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.message = value;
                                else
                                    delete message.message;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 0)
                                    break;
                                if (value = reader.int32())
                                    message.delivered = value;
                                else
                                    delete message.delivered;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Reset;
            })();

            v1.Stop = (function() {

                /**
                 * Properties of a Stop.
                 * @typedef {Object} mctunnel.tunnel.v1.Stop.$Properties
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a Stop.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IStop
                 * @augments mctunnel.tunnel.v1.Stop.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.Stop.$Properties instead.
                 */

                /**
                 * Shape of a Stop.
                 * @typedef {mctunnel.tunnel.v1.Stop.$Properties} mctunnel.tunnel.v1.Stop.$Shape
                 */

                /**
                 * Constructs a new Stop.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a Stop.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.Stop.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const Stop = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * Encodes the specified Stop message. Does not implicitly {@link mctunnel.tunnel.v1.Stop.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.Stop
                 * @static
                 * @param {mctunnel.tunnel.v1.Stop.$Properties} message Stop message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                Stop.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a Stop message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.Stop
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Stop & mctunnel.tunnel.v1.Stop.$Shape} Stop
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                Stop.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.Stop();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        reader.skipType(tag & 7, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return Stop;
            })();

            v1.EnrollRequest = (function() {

                /**
                 * Properties of an EnrollRequest.
                 * @typedef {Object} mctunnel.tunnel.v1.EnrollRequest.$Properties
                 * @property {string|null} [token] EnrollRequest token
                 * @property {Uint8Array|null} [csr] EnrollRequest csr
                 * @property {string|null} [clusterUid] EnrollRequest clusterUid
                 * @property {string|null} [cluster] EnrollRequest cluster
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an EnrollRequest.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IEnrollRequest
                 * @augments mctunnel.tunnel.v1.EnrollRequest.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.EnrollRequest.$Properties instead.
                 */

                /**
                 * Shape of an EnrollRequest.
                 * @typedef {mctunnel.tunnel.v1.EnrollRequest.$Properties} mctunnel.tunnel.v1.EnrollRequest.$Shape
                 */

                /**
                 * Constructs a new EnrollRequest.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents an EnrollRequest.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.EnrollRequest.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const EnrollRequest = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * EnrollRequest token.
                 * @member {string} token
                 * @memberof mctunnel.tunnel.v1.EnrollRequest
                 * @instance
                 */
                EnrollRequest.prototype.token = "";

                /**
                 * EnrollRequest csr.
                 * @member {Uint8Array} csr
                 * @memberof mctunnel.tunnel.v1.EnrollRequest
                 * @instance
                 */
                EnrollRequest.prototype.csr = $util.newBuffer([]);

                /**
                 * EnrollRequest clusterUid.
                 * @member {string} clusterUid
                 * @memberof mctunnel.tunnel.v1.EnrollRequest
                 * @instance
                 */
                EnrollRequest.prototype.clusterUid = "";

                /**
                 * EnrollRequest cluster.
                 * @member {string} cluster
                 * @memberof mctunnel.tunnel.v1.EnrollRequest
                 * @instance
                 */
                EnrollRequest.prototype.cluster = "";

                /**
                 * Encodes the specified EnrollRequest message. Does not implicitly {@link mctunnel.tunnel.v1.EnrollRequest.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.EnrollRequest
                 * @static
                 * @param {mctunnel.tunnel.v1.EnrollRequest.$Properties} message EnrollRequest message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                EnrollRequest.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.token != null && $Object.hasOwnProperty.call(message, "token") && message.token !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.token);
                    if (message.csr != null && $Object.hasOwnProperty.call(message, "csr") && message.csr.length)
                        writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.csr);
                    if (message.clusterUid != null && $Object.hasOwnProperty.call(message, "clusterUid") && message.clusterUid !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.clusterUid);
                    if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster") && message.cluster !== "")
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.cluster);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an EnrollRequest message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.EnrollRequest
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.EnrollRequest & mctunnel.tunnel.v1.EnrollRequest.$Shape} EnrollRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                EnrollRequest.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.EnrollRequest();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.token = value;
                                else
                                    delete message.token;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.csr = value;
                                else
                                    delete message.csr;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.clusterUid = value;
                                else
                                    delete message.clusterUid;
                                continue;
                            }
                        case 4: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.cluster = value;
                                else
                                    delete message.cluster;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return EnrollRequest;
            })();

            v1.EnrollResponse = (function() {

                /**
                 * Properties of an EnrollResponse.
                 * @typedef {Object} mctunnel.tunnel.v1.EnrollResponse.$Properties
                 * @property {string|null} [certificateChain] EnrollResponse certificateChain
                 * @property {string|null} [caBundle] EnrollResponse caBundle
                 * @property {string|null} [cluster] EnrollResponse cluster
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of an EnrollResponse.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IEnrollResponse
                 * @augments mctunnel.tunnel.v1.EnrollResponse.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.EnrollResponse.$Properties instead.
                 */

                /**
                 * Shape of an EnrollResponse.
                 * @typedef {mctunnel.tunnel.v1.EnrollResponse.$Properties} mctunnel.tunnel.v1.EnrollResponse.$Shape
                 */

                /**
                 * Constructs a new EnrollResponse.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents an EnrollResponse.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.EnrollResponse.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const EnrollResponse = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * EnrollResponse certificateChain.
                 * @member {string} certificateChain
                 * @memberof mctunnel.tunnel.v1.EnrollResponse
                 * @instance
                 */
                EnrollResponse.prototype.certificateChain = "";

                /**
                 * EnrollResponse caBundle.
                 * @member {string} caBundle
                 * @memberof mctunnel.tunnel.v1.EnrollResponse
                 * @instance
                 */
                EnrollResponse.prototype.caBundle = "";

                /**
                 * EnrollResponse cluster.
                 * @member {string} cluster
                 * @memberof mctunnel.tunnel.v1.EnrollResponse
                 * @instance
                 */
                EnrollResponse.prototype.cluster = "";

                /**
                 * Encodes the specified EnrollResponse message. Does not implicitly {@link mctunnel.tunnel.v1.EnrollResponse.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.EnrollResponse
                 * @static
                 * @param {mctunnel.tunnel.v1.EnrollResponse.$Properties} message EnrollResponse message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                EnrollResponse.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.certificateChain != null && $Object.hasOwnProperty.call(message, "certificateChain") && message.certificateChain !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.certificateChain);
                    if (message.caBundle != null && $Object.hasOwnProperty.call(message, "caBundle") && message.caBundle !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.caBundle);
                    if (message.cluster != null && $Object.hasOwnProperty.call(message, "cluster") && message.cluster !== "")
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.cluster);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes an EnrollResponse message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.EnrollResponse
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.EnrollResponse & mctunnel.tunnel.v1.EnrollResponse.$Shape} EnrollResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                EnrollResponse.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.EnrollResponse();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.certificateChain = value;
                                else
                                    delete message.certificateChain;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.caBundle = value;
                                else
                                    delete message.caBundle;
                                continue;
                            }
                        case 3: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.cluster = value;
                                else
                                    delete message.cluster;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return EnrollResponse;
            })();

            v1.RenewRequest = (function() {

                /**
                 * Properties of a RenewRequest.
                 * @typedef {Object} mctunnel.tunnel.v1.RenewRequest.$Properties
                 * @property {Uint8Array|null} [csr] RenewRequest csr
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a RenewRequest.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IRenewRequest
                 * @augments mctunnel.tunnel.v1.RenewRequest.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.RenewRequest.$Properties instead.
                 */

                /**
                 * Shape of a RenewRequest.
                 * @typedef {mctunnel.tunnel.v1.RenewRequest.$Properties} mctunnel.tunnel.v1.RenewRequest.$Shape
                 */

                /**
                 * Constructs a new RenewRequest.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a RenewRequest.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.RenewRequest.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const RenewRequest = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * RenewRequest csr.
                 * @member {Uint8Array} csr
                 * @memberof mctunnel.tunnel.v1.RenewRequest
                 * @instance
                 */
                RenewRequest.prototype.csr = $util.newBuffer([]);

                /**
                 * Encodes the specified RenewRequest message. Does not implicitly {@link mctunnel.tunnel.v1.RenewRequest.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.RenewRequest
                 * @static
                 * @param {mctunnel.tunnel.v1.RenewRequest.$Properties} message RenewRequest message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                RenewRequest.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.csr != null && $Object.hasOwnProperty.call(message, "csr") && message.csr.length)
                        writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.csr);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a RenewRequest message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.RenewRequest
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.RenewRequest & mctunnel.tunnel.v1.RenewRequest.$Shape} RenewRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                RenewRequest.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.RenewRequest();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.bytes()).length)
                                    message.csr = value;
                                else
                                    delete message.csr;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return RenewRequest;
            })();

            v1.RenewResponse = (function() {

                /**
                 * Properties of a RenewResponse.
                 * @typedef {Object} mctunnel.tunnel.v1.RenewResponse.$Properties
                 * @property {string|null} [certificateChain] RenewResponse certificateChain
                 * @property {string|null} [caBundle] RenewResponse caBundle
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */

                /**
                 * Properties of a RenewResponse.
                 * @memberof mctunnel.tunnel.v1
                 * @interface IRenewResponse
                 * @augments mctunnel.tunnel.v1.RenewResponse.$Properties
                 * @deprecated Use mctunnel.tunnel.v1.RenewResponse.$Properties instead.
                 */

                /**
                 * Shape of a RenewResponse.
                 * @typedef {mctunnel.tunnel.v1.RenewResponse.$Properties} mctunnel.tunnel.v1.RenewResponse.$Shape
                 */

                /**
                 * Constructs a new RenewResponse.
                 * @memberof mctunnel.tunnel.v1
                 * @classdesc Represents a RenewResponse.
                 * @constructor
                 * @param {mctunnel.tunnel.v1.RenewResponse.$Properties=} [properties] Properties to set
                 * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
                 */
                const RenewResponse = function (properties) {
                    if (properties)
                        for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                            if (properties[keys[i]] != null && keys[i] !== "__proto__")
                                this[keys[i]] = properties[keys[i]];
                };

                /**
                 * RenewResponse certificateChain.
                 * @member {string} certificateChain
                 * @memberof mctunnel.tunnel.v1.RenewResponse
                 * @instance
                 */
                RenewResponse.prototype.certificateChain = "";

                /**
                 * RenewResponse caBundle.
                 * @member {string} caBundle
                 * @memberof mctunnel.tunnel.v1.RenewResponse
                 * @instance
                 */
                RenewResponse.prototype.caBundle = "";

                /**
                 * Encodes the specified RenewResponse message. Does not implicitly {@link mctunnel.tunnel.v1.RenewResponse.verify|verify} messages.
                 * @function encode
                 * @memberof mctunnel.tunnel.v1.RenewResponse
                 * @static
                 * @param {mctunnel.tunnel.v1.RenewResponse.$Properties} message RenewResponse message or plain object to encode
                 * @param {$protobuf.Writer} [writer] Writer to encode to
                 * @returns {$protobuf.Writer} Writer
                 */
                RenewResponse.encode = function (message, writer, _depth) {
                    if (!writer)
                        writer = $Writer.create();
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $util.recursionLimit)
                        throw $Error("max depth exceeded");
                    if (message.certificateChain != null && $Object.hasOwnProperty.call(message, "certificateChain") && message.certificateChain !== "")
                        writer.uint32(/* id 1, wireType 2 =*/10).string(message.certificateChain);
                    if (message.caBundle != null && $Object.hasOwnProperty.call(message, "caBundle") && message.caBundle !== "")
                        writer.uint32(/* id 2, wireType 2 =*/18).string(message.caBundle);
                    if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                        for (let i = 0; i < message.$unknowns.length; ++i)
                            writer.raw(message.$unknowns[i]);
                    return writer;
                };

                /**
                 * Decodes a RenewResponse message from the specified reader or buffer.
                 * @function decode
                 * @memberof mctunnel.tunnel.v1.RenewResponse
                 * @static
                 * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
                 * @param {number} [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.RenewResponse & mctunnel.tunnel.v1.RenewResponse.$Shape} RenewResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                RenewResponse.decode = function (reader, length, _end, _depth, _target) {
                    if (!(reader instanceof $Reader))
                        reader = $Reader.create(reader);
                    if (_depth === $undefined)
                        _depth = 0;
                    if (_depth > $Reader.recursionLimit)
                        throw $Error("max depth exceeded");
                    let end, message, value;
                    if (length === $undefined)
                        end = reader.len;
                    else {
                        end = reader.pos + length;
                        if (end > reader.len)
                            throw $RangeError("index out of range");
                        length = reader.len;
                        reader.len = end;
                    }
                    message = _target || new $root.mctunnel.tunnel.v1.RenewResponse();
                    while (reader.pos < end) {
                        let start = reader.pos;
                        let tag = reader.tag();
                        if (tag === _end) {
                            _end = $undefined;
                            break;
                        }
                        let wireType = tag & 7;
                        switch (tag >>>= 3) {
                        case 1: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.certificateChain = value;
                                else
                                    delete message.certificateChain;
                                continue;
                            }
                        case 2: {
                                if (wireType !== 2)
                                    break;
                                if ((value = reader.stringVerify()).length)
                                    message.caBundle = value;
                                else
                                    delete message.caBundle;
                                continue;
                            }
                        }
                        reader.skipType(wireType, _depth, tag);
                        if (!reader.discardUnknown) {
                            $util.makeProp(message, "$unknowns", false);
                            (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                        }
                    }
                    if (length !== $undefined) {
                        if (reader.pos !== end)
                            throw $RangeError("index out of range");
                        reader.len = length;
                    }
                    if (_end !== $undefined)
                        throw $Error("missing end group");
                    return message;
                };

                return RenewResponse;
            })();

            return v1;
        })();

        return tunnel;
    })();

    return mctunnel;
})();

export {
  $root as default
};
