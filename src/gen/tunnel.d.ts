import * as $protobuf from "protobufjs/minimal.js";
import Long = require("long");

/** Namespace mctunnel. */
export namespace mctunnel {

    /** Namespace tunnel. */
    namespace tunnel {

        /** Namespace v1. */
        namespace v1 {

            /**
             * Properties of a Batch.
             * @deprecated Use mctunnel.tunnel.v1.Batch.$Properties instead.
             */
            interface IBatch extends mctunnel.tunnel.v1.Batch.$Properties {
            }

            /** Represents a Batch. */
            class Batch {

                /**
                 * Constructs a new Batch.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Batch.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Batch hello. */
                hello?: (mctunnel.tunnel.v1.Hello.$Properties|null);

                /** Batch welcome. */
                welcome?: (mctunnel.tunnel.v1.Welcome.$Properties|null);

                /** Batch ping. */
                ping?: (mctunnel.tunnel.v1.Ping.$Properties|null);

                /** Batch pong. */
                pong?: (mctunnel.tunnel.v1.Pong.$Properties|null);

                /** Batch goAway. */
                goAway?: (mctunnel.tunnel.v1.GoAway.$Properties|null);

                /** Batch goAwayAck. */
                goAwayAck?: (mctunnel.tunnel.v1.GoAwayAck.$Properties|null);

                /** Batch acknowledged. */
                acknowledged: number;

                /** Batch frames. */
                frames: mctunnel.tunnel.v1.Frame.$Properties[];

                /**
                 * Encodes the specified Batch message. Does not implicitly {@link mctunnel.tunnel.v1.Batch.verify|verify} messages.
                 * @param message Batch message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Batch.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Batch message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Batch & mctunnel.tunnel.v1.Batch.$Shape} Batch
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Batch & mctunnel.tunnel.v1.Batch.$Shape;
            }

            namespace Batch {

                /** Properties of a Batch. */
                interface $Properties {

                    /** Batch hello */
                    hello?: (mctunnel.tunnel.v1.Hello.$Properties|null);

                    /** Batch welcome */
                    welcome?: (mctunnel.tunnel.v1.Welcome.$Properties|null);

                    /** Batch ping */
                    ping?: (mctunnel.tunnel.v1.Ping.$Properties|null);

                    /** Batch pong */
                    pong?: (mctunnel.tunnel.v1.Pong.$Properties|null);

                    /** Batch goAway */
                    goAway?: (mctunnel.tunnel.v1.GoAway.$Properties|null);

                    /** Batch goAwayAck */
                    goAwayAck?: (mctunnel.tunnel.v1.GoAwayAck.$Properties|null);

                    /** Batch acknowledged */
                    acknowledged?: (number|null);

                    /** Batch frames */
                    frames?: (mctunnel.tunnel.v1.Frame.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Batch. */
                type $Shape = {
                  hello?: mctunnel.tunnel.v1.Hello.$Shape|null;
                  welcome?: mctunnel.tunnel.v1.Welcome.$Shape|null;
                  ping?: mctunnel.tunnel.v1.Ping.$Shape|null;
                  pong?: mctunnel.tunnel.v1.Pong.$Shape|null;
                  goAway?: mctunnel.tunnel.v1.GoAway.$Shape|null;
                  goAwayAck?: mctunnel.tunnel.v1.GoAwayAck.$Shape|null;
                  acknowledged?: number|null;
                  frames?: mctunnel.tunnel.v1.Frame.$Shape[]|null;
                  $unknowns?: Uint8Array[];
                };
            }

            /**
             * Properties of a Frame.
             * @deprecated Use mctunnel.tunnel.v1.Frame.$Properties instead.
             */
            interface IFrame extends mctunnel.tunnel.v1.Frame.$Properties {
            }

            /** Represents a Frame. */
            class Frame {

                /**
                 * Constructs a new Frame.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Frame.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Frame stream. */
                stream: number;

                /** Frame fin. */
                fin: boolean;

                /** Frame data. */
                data?: (Uint8Array|null);

                /** Frame credit. */
                credit?: (number|null);

                /** Frame open. */
                open?: (mctunnel.tunnel.v1.Open.$Properties|null);

                /** Frame head. */
                head?: (mctunnel.tunnel.v1.Head.$Properties|null);

                /** Frame trailers. */
                trailers?: (mctunnel.tunnel.v1.Trailers.$Properties|null);

                /** Frame reset. */
                reset?: (mctunnel.tunnel.v1.Reset.$Properties|null);

                /** Frame stop. */
                stop?: (mctunnel.tunnel.v1.Stop.$Properties|null);

                /** Frame body. */
                body?: ("data"|"credit"|"open"|"head"|"trailers"|"reset"|"stop");

                /**
                 * Encodes the specified Frame message. Does not implicitly {@link mctunnel.tunnel.v1.Frame.verify|verify} messages.
                 * @param message Frame message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Frame.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Frame message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Frame & mctunnel.tunnel.v1.Frame.$Shape} Frame
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Frame & mctunnel.tunnel.v1.Frame.$Shape;
            }

            namespace Frame {

                /** Properties of a Frame. */
                interface $Properties {

                    /** Frame stream */
                    stream?: (number|null);

                    /** Frame fin */
                    fin?: (boolean|null);

                    /** Frame data */
                    data?: (Uint8Array|null);

                    /** Frame credit */
                    credit?: (number|null);

                    /** Frame open */
                    open?: (mctunnel.tunnel.v1.Open.$Properties|null);

                    /** Frame head */
                    head?: (mctunnel.tunnel.v1.Head.$Properties|null);

                    /** Frame trailers */
                    trailers?: (mctunnel.tunnel.v1.Trailers.$Properties|null);

                    /** Frame reset */
                    reset?: (mctunnel.tunnel.v1.Reset.$Properties|null);

                    /** Frame stop */
                    stop?: (mctunnel.tunnel.v1.Stop.$Properties|null);

                    /** Frame body */
                    body?: ("data"|"credit"|"open"|"head"|"trailers"|"reset"|"stop");

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Narrowed shape of a Frame. */
                type $Shape = {
                  stream?: number|null;
                  fin?: boolean|null;
                  data?: Uint8Array|null;
                  credit?: number|null;
                  open?: mctunnel.tunnel.v1.Open.$Shape|null;
                  head?: mctunnel.tunnel.v1.Head.$Shape|null;
                  trailers?: mctunnel.tunnel.v1.Trailers.$Shape|null;
                  reset?: mctunnel.tunnel.v1.Reset.$Shape|null;
                  stop?: mctunnel.tunnel.v1.Stop.$Shape|null;
                  $unknowns?: Uint8Array[];
                } & (
                  ({ body?: undefined; data?: null; credit?: null; open?: null; head?: null; trailers?: null; reset?: null; stop?: null }|{ body?: "data"; data: Uint8Array; credit?: null; open?: null; head?: null; trailers?: null; reset?: null; stop?: null }|{ body?: "credit"; data?: null; credit: number; open?: null; head?: null; trailers?: null; reset?: null; stop?: null }|{ body?: "open"; data?: null; credit?: null; open: mctunnel.tunnel.v1.Open.$Shape; head?: null; trailers?: null; reset?: null; stop?: null }|{ body?: "head"; data?: null; credit?: null; open?: null; head: mctunnel.tunnel.v1.Head.$Shape; trailers?: null; reset?: null; stop?: null }|{ body?: "trailers"; data?: null; credit?: null; open?: null; head?: null; trailers: mctunnel.tunnel.v1.Trailers.$Shape; reset?: null; stop?: null }|{ body?: "reset"; data?: null; credit?: null; open?: null; head?: null; trailers?: null; reset: mctunnel.tunnel.v1.Reset.$Shape; stop?: null }|{ body?: "stop"; data?: null; credit?: null; open?: null; head?: null; trailers?: null; reset?: null; stop: mctunnel.tunnel.v1.Stop.$Shape })
                );
            }

            /**
             * Properties of a Hello.
             * @deprecated Use mctunnel.tunnel.v1.Hello.$Properties instead.
             */
            interface IHello extends mctunnel.tunnel.v1.Hello.$Properties {
            }

            /** Represents a Hello. */
            class Hello {

                /**
                 * Constructs a new Hello.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Hello.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Hello versions. */
                versions: number[];

                /** Hello agentVersion. */
                agentVersion: string;

                /** Hello instanceId. */
                instanceId: string;

                /** Hello clusterUid. */
                clusterUid: string;

                /** Hello capabilities. */
                capabilities: string[];

                /** Hello maxStreams. */
                maxStreams: number;

                /** Hello initialWindow. */
                initialWindow: number;

                /**
                 * Encodes the specified Hello message. Does not implicitly {@link mctunnel.tunnel.v1.Hello.verify|verify} messages.
                 * @param message Hello message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Hello.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Hello message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Hello & mctunnel.tunnel.v1.Hello.$Shape} Hello
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Hello & mctunnel.tunnel.v1.Hello.$Shape;
            }

            namespace Hello {

                /** Properties of a Hello. */
                interface $Properties {

                    /** Hello versions */
                    versions?: (number[]|null);

                    /** Hello agentVersion */
                    agentVersion?: (string|null);

                    /** Hello instanceId */
                    instanceId?: (string|null);

                    /** Hello clusterUid */
                    clusterUid?: (string|null);

                    /** Hello capabilities */
                    capabilities?: (string[]|null);

                    /** Hello maxStreams */
                    maxStreams?: (number|null);

                    /** Hello initialWindow */
                    initialWindow?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Hello. */
                type $Shape = mctunnel.tunnel.v1.Hello.$Properties;
            }

            /**
             * Properties of a Welcome.
             * @deprecated Use mctunnel.tunnel.v1.Welcome.$Properties instead.
             */
            interface IWelcome extends mctunnel.tunnel.v1.Welcome.$Properties {
            }

            /** Represents a Welcome. */
            class Welcome {

                /**
                 * Constructs a new Welcome.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Welcome.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Welcome version. */
                version: number;

                /** Welcome hubId. */
                hubId: string;

                /** Welcome replicas. */
                replicas: number;

                /** Welcome cluster. */
                cluster: string;

                /** Welcome maxStreams. */
                maxStreams: number;

                /** Welcome initialWindow. */
                initialWindow: number;

                /** Welcome pingIntervalMs. */
                pingIntervalMs: number;

                /**
                 * Encodes the specified Welcome message. Does not implicitly {@link mctunnel.tunnel.v1.Welcome.verify|verify} messages.
                 * @param message Welcome message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Welcome.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Welcome message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Welcome & mctunnel.tunnel.v1.Welcome.$Shape} Welcome
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Welcome & mctunnel.tunnel.v1.Welcome.$Shape;
            }

            namespace Welcome {

                /** Properties of a Welcome. */
                interface $Properties {

                    /** Welcome version */
                    version?: (number|null);

                    /** Welcome hubId */
                    hubId?: (string|null);

                    /** Welcome replicas */
                    replicas?: (number|null);

                    /** Welcome cluster */
                    cluster?: (string|null);

                    /** Welcome maxStreams */
                    maxStreams?: (number|null);

                    /** Welcome initialWindow */
                    initialWindow?: (number|null);

                    /** Welcome pingIntervalMs */
                    pingIntervalMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Welcome. */
                type $Shape = mctunnel.tunnel.v1.Welcome.$Properties;
            }

            /**
             * Properties of a Ping.
             * @deprecated Use mctunnel.tunnel.v1.Ping.$Properties instead.
             */
            interface IPing extends mctunnel.tunnel.v1.Ping.$Properties {
            }

            /** Represents a Ping. */
            class Ping {

                /**
                 * Constructs a new Ping.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Ping.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Ping nonce. */
                nonce: number;

                /**
                 * Encodes the specified Ping message. Does not implicitly {@link mctunnel.tunnel.v1.Ping.verify|verify} messages.
                 * @param message Ping message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Ping.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Ping message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Ping & mctunnel.tunnel.v1.Ping.$Shape} Ping
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Ping & mctunnel.tunnel.v1.Ping.$Shape;
            }

            namespace Ping {

                /** Properties of a Ping. */
                interface $Properties {

                    /** Ping nonce */
                    nonce?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Ping. */
                type $Shape = mctunnel.tunnel.v1.Ping.$Properties;
            }

            /**
             * Properties of a Pong.
             * @deprecated Use mctunnel.tunnel.v1.Pong.$Properties instead.
             */
            interface IPong extends mctunnel.tunnel.v1.Pong.$Properties {
            }

            /** Represents a Pong. */
            class Pong {

                /**
                 * Constructs a new Pong.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Pong.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Pong nonce. */
                nonce: number;

                /**
                 * Encodes the specified Pong message. Does not implicitly {@link mctunnel.tunnel.v1.Pong.verify|verify} messages.
                 * @param message Pong message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Pong.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Pong message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Pong & mctunnel.tunnel.v1.Pong.$Shape} Pong
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Pong & mctunnel.tunnel.v1.Pong.$Shape;
            }

            namespace Pong {

                /** Properties of a Pong. */
                interface $Properties {

                    /** Pong nonce */
                    nonce?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Pong. */
                type $Shape = mctunnel.tunnel.v1.Pong.$Properties;
            }

            /**
             * Properties of a GoAway.
             * @deprecated Use mctunnel.tunnel.v1.GoAway.$Properties instead.
             */
            interface IGoAway extends mctunnel.tunnel.v1.GoAway.$Properties {
            }

            /** Represents a GoAway. */
            class GoAway {

                /**
                 * Constructs a new GoAway.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.GoAway.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** GoAway code. */
                code: number;

                /** GoAway message. */
                message: string;

                /** GoAway lastStream. */
                lastStream: number;

                /** GoAway retryAfterMs. */
                retryAfterMs: number;

                /**
                 * Encodes the specified GoAway message. Does not implicitly {@link mctunnel.tunnel.v1.GoAway.verify|verify} messages.
                 * @param message GoAway message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.GoAway.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GoAway message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.GoAway & mctunnel.tunnel.v1.GoAway.$Shape} GoAway
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.GoAway & mctunnel.tunnel.v1.GoAway.$Shape;
            }

            namespace GoAway {

                /** Properties of a GoAway. */
                interface $Properties {

                    /** GoAway code */
                    code?: (number|null);

                    /** GoAway message */
                    message?: (string|null);

                    /** GoAway lastStream */
                    lastStream?: (number|null);

                    /** GoAway retryAfterMs */
                    retryAfterMs?: (number|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GoAway. */
                type $Shape = mctunnel.tunnel.v1.GoAway.$Properties;
            }

            /**
             * Properties of a GoAwayAck.
             * @deprecated Use mctunnel.tunnel.v1.GoAwayAck.$Properties instead.
             */
            interface IGoAwayAck extends mctunnel.tunnel.v1.GoAwayAck.$Properties {
            }

            /** Represents a GoAwayAck. */
            class GoAwayAck {

                /**
                 * Constructs a new GoAwayAck.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.GoAwayAck.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Encodes the specified GoAwayAck message. Does not implicitly {@link mctunnel.tunnel.v1.GoAwayAck.verify|verify} messages.
                 * @param message GoAwayAck message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.GoAwayAck.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a GoAwayAck message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.GoAwayAck & mctunnel.tunnel.v1.GoAwayAck.$Shape} GoAwayAck
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.GoAwayAck & mctunnel.tunnel.v1.GoAwayAck.$Shape;
            }

            namespace GoAwayAck {

                /** Properties of a GoAwayAck. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a GoAwayAck. */
                type $Shape = mctunnel.tunnel.v1.GoAwayAck.$Properties;
            }

            /**
             * Properties of an Open.
             * @deprecated Use mctunnel.tunnel.v1.Open.$Properties instead.
             */
            interface IOpen extends mctunnel.tunnel.v1.Open.$Properties {
            }

            /** Represents an Open. */
            class Open {

                /**
                 * Constructs a new Open.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Open.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Open protocol. */
                protocol: string;

                /** Open target. */
                target: string;

                /** Open method. */
                method: string;

                /** Open path. */
                path: string;

                /** Open headers. */
                headers: string[];

                /** Open identity. */
                identity?: (mctunnel.tunnel.v1.Identity.$Properties|null);

                /** Open window. */
                window: number;

                /** Open deadlineMs. */
                deadlineMs: number;

                /** Open traceparent. */
                traceparent: string;

                /** Open auditId. */
                auditId: string;

                /**
                 * Encodes the specified Open message. Does not implicitly {@link mctunnel.tunnel.v1.Open.verify|verify} messages.
                 * @param message Open message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Open.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Open message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Open & mctunnel.tunnel.v1.Open.$Shape} Open
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Open & mctunnel.tunnel.v1.Open.$Shape;
            }

            namespace Open {

                /** Properties of an Open. */
                interface $Properties {

                    /** Open protocol */
                    protocol?: (string|null);

                    /** Open target */
                    target?: (string|null);

                    /** Open method */
                    method?: (string|null);

                    /** Open path */
                    path?: (string|null);

                    /** Open headers */
                    headers?: (string[]|null);

                    /** Open identity */
                    identity?: (mctunnel.tunnel.v1.Identity.$Properties|null);

                    /** Open window */
                    window?: (number|null);

                    /** Open deadlineMs */
                    deadlineMs?: (number|null);

                    /** Open traceparent */
                    traceparent?: (string|null);

                    /** Open auditId */
                    auditId?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Open. */
                type $Shape = mctunnel.tunnel.v1.Open.$Properties;
            }

            /**
             * Properties of an Identity.
             * @deprecated Use mctunnel.tunnel.v1.Identity.$Properties instead.
             */
            interface IIdentity extends mctunnel.tunnel.v1.Identity.$Properties {
            }

            /** Represents an Identity. */
            class Identity {

                /**
                 * Constructs a new Identity.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Identity.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Identity user. */
                user: string;

                /** Identity uid. */
                uid: string;

                /** Identity groups. */
                groups: string[];

                /** Identity extra. */
                extra: mctunnel.tunnel.v1.Identity.Extra.$Properties[];

                /**
                 * Encodes the specified Identity message. Does not implicitly {@link mctunnel.tunnel.v1.Identity.verify|verify} messages.
                 * @param message Identity message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Identity.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an Identity message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Identity & mctunnel.tunnel.v1.Identity.$Shape} Identity
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Identity & mctunnel.tunnel.v1.Identity.$Shape;
            }

            namespace Identity {

                /** Properties of an Identity. */
                interface $Properties {

                    /** Identity user */
                    user?: (string|null);

                    /** Identity uid */
                    uid?: (string|null);

                    /** Identity groups */
                    groups?: (string[]|null);

                    /** Identity extra */
                    extra?: (mctunnel.tunnel.v1.Identity.Extra.$Properties[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an Identity. */
                type $Shape = mctunnel.tunnel.v1.Identity.$Properties;

                /**
                 * Properties of an Extra.
                 * @deprecated Use mctunnel.tunnel.v1.Identity.Extra.$Properties instead.
                 */
                interface IExtra extends mctunnel.tunnel.v1.Identity.Extra.$Properties {
                }

                /** Represents an Extra. */
                class Extra {

                    /**
                     * Constructs a new Extra.
                     * @param [properties] Properties to set
                     */
                    constructor(properties?: mctunnel.tunnel.v1.Identity.Extra.$Properties);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];

                    /** Extra key. */
                    key: string;

                    /** Extra values. */
                    values: string[];

                    /**
                     * Encodes the specified Extra message. Does not implicitly {@link mctunnel.tunnel.v1.Identity.Extra.verify|verify} messages.
                     * @param message Extra message or plain object to encode
                     * @param [writer] Writer to encode to
                     * @returns Writer
                     */
                    static encode(message: mctunnel.tunnel.v1.Identity.Extra.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                    /**
                     * Decodes an Extra message from the specified reader or buffer.
                     * @param reader Reader or buffer to decode from
                     * @param [length] Message length if known beforehand
                     * @returns {mctunnel.tunnel.v1.Identity.Extra & mctunnel.tunnel.v1.Identity.Extra.$Shape} Extra
                     * @throws {Error} If the payload is not a reader or valid buffer
                     * @throws {$protobuf.util.ProtocolError} If required fields are missing
                     */
                    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Identity.Extra & mctunnel.tunnel.v1.Identity.Extra.$Shape;
                }

                namespace Extra {

                    /** Properties of an Extra. */
                    interface $Properties {

                        /** Extra key */
                        key?: (string|null);

                        /** Extra values */
                        values?: (string[]|null);

                        /** Unknown fields preserved while decoding when enabled */
                        $unknowns?: Uint8Array[];
                    }

                    /** Shape of an Extra. */
                    type $Shape = mctunnel.tunnel.v1.Identity.Extra.$Properties;
                }
            }

            /**
             * Properties of a Head.
             * @deprecated Use mctunnel.tunnel.v1.Head.$Properties instead.
             */
            interface IHead extends mctunnel.tunnel.v1.Head.$Properties {
            }

            /** Represents a Head. */
            class Head {

                /**
                 * Constructs a new Head.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Head.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Head status. */
                status: number;

                /** Head headers. */
                headers: string[];

                /**
                 * Encodes the specified Head message. Does not implicitly {@link mctunnel.tunnel.v1.Head.verify|verify} messages.
                 * @param message Head message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Head.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Head message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Head & mctunnel.tunnel.v1.Head.$Shape} Head
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Head & mctunnel.tunnel.v1.Head.$Shape;
            }

            namespace Head {

                /** Properties of a Head. */
                interface $Properties {

                    /** Head status */
                    status?: (number|null);

                    /** Head headers */
                    headers?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Head. */
                type $Shape = mctunnel.tunnel.v1.Head.$Properties;
            }

            /**
             * Properties of a Trailers.
             * @deprecated Use mctunnel.tunnel.v1.Trailers.$Properties instead.
             */
            interface ITrailers extends mctunnel.tunnel.v1.Trailers.$Properties {
            }

            /** Represents a Trailers. */
            class Trailers {

                /**
                 * Constructs a new Trailers.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Trailers.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Trailers headers. */
                headers: string[];

                /**
                 * Encodes the specified Trailers message. Does not implicitly {@link mctunnel.tunnel.v1.Trailers.verify|verify} messages.
                 * @param message Trailers message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Trailers.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Trailers message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Trailers & mctunnel.tunnel.v1.Trailers.$Shape} Trailers
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Trailers & mctunnel.tunnel.v1.Trailers.$Shape;
            }

            namespace Trailers {

                /** Properties of a Trailers. */
                interface $Properties {

                    /** Trailers headers */
                    headers?: (string[]|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Trailers. */
                type $Shape = mctunnel.tunnel.v1.Trailers.$Properties;
            }

            /** Delivered enum. */
            enum Delivered {

                /** DELIVERED_UNKNOWN value */
                DELIVERED_UNKNOWN = 0,

                /** DELIVERED_NO value */
                DELIVERED_NO = 1
            }

            /**
             * Properties of a Reset.
             * @deprecated Use mctunnel.tunnel.v1.Reset.$Properties instead.
             */
            interface IReset extends mctunnel.tunnel.v1.Reset.$Properties {
            }

            /** Represents a Reset. */
            class Reset {

                /**
                 * Constructs a new Reset.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Reset.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** Reset code. */
                code: number;

                /** Reset message. */
                message: string;

                /** Reset delivered. */
                delivered: mctunnel.tunnel.v1.Delivered;

                /**
                 * Encodes the specified Reset message. Does not implicitly {@link mctunnel.tunnel.v1.Reset.verify|verify} messages.
                 * @param message Reset message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Reset.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Reset message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Reset & mctunnel.tunnel.v1.Reset.$Shape} Reset
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Reset & mctunnel.tunnel.v1.Reset.$Shape;
            }

            namespace Reset {

                /** Properties of a Reset. */
                interface $Properties {

                    /** Reset code */
                    code?: (number|null);

                    /** Reset message */
                    message?: (string|null);

                    /** Reset delivered */
                    delivered?: (mctunnel.tunnel.v1.Delivered|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Reset. */
                type $Shape = mctunnel.tunnel.v1.Reset.$Properties;
            }

            /**
             * Properties of a Stop.
             * @deprecated Use mctunnel.tunnel.v1.Stop.$Properties instead.
             */
            interface IStop extends mctunnel.tunnel.v1.Stop.$Properties {
            }

            /** Represents a Stop. */
            class Stop {

                /**
                 * Constructs a new Stop.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.Stop.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /**
                 * Encodes the specified Stop message. Does not implicitly {@link mctunnel.tunnel.v1.Stop.verify|verify} messages.
                 * @param message Stop message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.Stop.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a Stop message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.Stop & mctunnel.tunnel.v1.Stop.$Shape} Stop
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.Stop & mctunnel.tunnel.v1.Stop.$Shape;
            }

            namespace Stop {

                /** Properties of a Stop. */
                interface $Properties {

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a Stop. */
                type $Shape = mctunnel.tunnel.v1.Stop.$Properties;
            }

            /**
             * Properties of an EnrollRequest.
             * @deprecated Use mctunnel.tunnel.v1.EnrollRequest.$Properties instead.
             */
            interface IEnrollRequest extends mctunnel.tunnel.v1.EnrollRequest.$Properties {
            }

            /** Represents an EnrollRequest. */
            class EnrollRequest {

                /**
                 * Constructs a new EnrollRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.EnrollRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** EnrollRequest token. */
                token: string;

                /** EnrollRequest csr. */
                csr: Uint8Array;

                /** EnrollRequest clusterUid. */
                clusterUid: string;

                /** EnrollRequest cluster. */
                cluster: string;

                /**
                 * Encodes the specified EnrollRequest message. Does not implicitly {@link mctunnel.tunnel.v1.EnrollRequest.verify|verify} messages.
                 * @param message EnrollRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.EnrollRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an EnrollRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.EnrollRequest & mctunnel.tunnel.v1.EnrollRequest.$Shape} EnrollRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.EnrollRequest & mctunnel.tunnel.v1.EnrollRequest.$Shape;
            }

            namespace EnrollRequest {

                /** Properties of an EnrollRequest. */
                interface $Properties {

                    /** EnrollRequest token */
                    token?: (string|null);

                    /** EnrollRequest csr */
                    csr?: (Uint8Array|null);

                    /** EnrollRequest clusterUid */
                    clusterUid?: (string|null);

                    /** EnrollRequest cluster */
                    cluster?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an EnrollRequest. */
                type $Shape = mctunnel.tunnel.v1.EnrollRequest.$Properties;
            }

            /**
             * Properties of an EnrollResponse.
             * @deprecated Use mctunnel.tunnel.v1.EnrollResponse.$Properties instead.
             */
            interface IEnrollResponse extends mctunnel.tunnel.v1.EnrollResponse.$Properties {
            }

            /** Represents an EnrollResponse. */
            class EnrollResponse {

                /**
                 * Constructs a new EnrollResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.EnrollResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** EnrollResponse certificateChain. */
                certificateChain: string;

                /** EnrollResponse caBundle. */
                caBundle: string;

                /** EnrollResponse cluster. */
                cluster: string;

                /**
                 * Encodes the specified EnrollResponse message. Does not implicitly {@link mctunnel.tunnel.v1.EnrollResponse.verify|verify} messages.
                 * @param message EnrollResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.EnrollResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes an EnrollResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.EnrollResponse & mctunnel.tunnel.v1.EnrollResponse.$Shape} EnrollResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.EnrollResponse & mctunnel.tunnel.v1.EnrollResponse.$Shape;
            }

            namespace EnrollResponse {

                /** Properties of an EnrollResponse. */
                interface $Properties {

                    /** EnrollResponse certificateChain */
                    certificateChain?: (string|null);

                    /** EnrollResponse caBundle */
                    caBundle?: (string|null);

                    /** EnrollResponse cluster */
                    cluster?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of an EnrollResponse. */
                type $Shape = mctunnel.tunnel.v1.EnrollResponse.$Properties;
            }

            /**
             * Properties of a RenewRequest.
             * @deprecated Use mctunnel.tunnel.v1.RenewRequest.$Properties instead.
             */
            interface IRenewRequest extends mctunnel.tunnel.v1.RenewRequest.$Properties {
            }

            /** Represents a RenewRequest. */
            class RenewRequest {

                /**
                 * Constructs a new RenewRequest.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.RenewRequest.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RenewRequest csr. */
                csr: Uint8Array;

                /**
                 * Encodes the specified RenewRequest message. Does not implicitly {@link mctunnel.tunnel.v1.RenewRequest.verify|verify} messages.
                 * @param message RenewRequest message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.RenewRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RenewRequest message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.RenewRequest & mctunnel.tunnel.v1.RenewRequest.$Shape} RenewRequest
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.RenewRequest & mctunnel.tunnel.v1.RenewRequest.$Shape;
            }

            namespace RenewRequest {

                /** Properties of a RenewRequest. */
                interface $Properties {

                    /** RenewRequest csr */
                    csr?: (Uint8Array|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RenewRequest. */
                type $Shape = mctunnel.tunnel.v1.RenewRequest.$Properties;
            }

            /**
             * Properties of a RenewResponse.
             * @deprecated Use mctunnel.tunnel.v1.RenewResponse.$Properties instead.
             */
            interface IRenewResponse extends mctunnel.tunnel.v1.RenewResponse.$Properties {
            }

            /** Represents a RenewResponse. */
            class RenewResponse {

                /**
                 * Constructs a new RenewResponse.
                 * @param [properties] Properties to set
                 */
                constructor(properties?: mctunnel.tunnel.v1.RenewResponse.$Properties);

                /** Unknown fields preserved while decoding when enabled */
                $unknowns?: Uint8Array[];

                /** RenewResponse certificateChain. */
                certificateChain: string;

                /** RenewResponse caBundle. */
                caBundle: string;

                /**
                 * Encodes the specified RenewResponse message. Does not implicitly {@link mctunnel.tunnel.v1.RenewResponse.verify|verify} messages.
                 * @param message RenewResponse message or plain object to encode
                 * @param [writer] Writer to encode to
                 * @returns Writer
                 */
                static encode(message: mctunnel.tunnel.v1.RenewResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

                /**
                 * Decodes a RenewResponse message from the specified reader or buffer.
                 * @param reader Reader or buffer to decode from
                 * @param [length] Message length if known beforehand
                 * @returns {mctunnel.tunnel.v1.RenewResponse & mctunnel.tunnel.v1.RenewResponse.$Shape} RenewResponse
                 * @throws {Error} If the payload is not a reader or valid buffer
                 * @throws {$protobuf.util.ProtocolError} If required fields are missing
                 */
                static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): mctunnel.tunnel.v1.RenewResponse & mctunnel.tunnel.v1.RenewResponse.$Shape;
            }

            namespace RenewResponse {

                /** Properties of a RenewResponse. */
                interface $Properties {

                    /** RenewResponse certificateChain */
                    certificateChain?: (string|null);

                    /** RenewResponse caBundle */
                    caBundle?: (string|null);

                    /** Unknown fields preserved while decoding when enabled */
                    $unknowns?: Uint8Array[];
                }

                /** Shape of a RenewResponse. */
                type $Shape = mctunnel.tunnel.v1.RenewResponse.$Properties;
            }
        }
    }
}
