import { z } from 'zod';

const MAX_TTL_SECONDS = 7 * 24 * 3600;
export const DEFAULT_TTL_SECONDS = 3600;

export const bootstrapTokenSpecSchema = z
  .object({
    ttlSeconds: z
      .int32()
      .min(1)
      .max(MAX_TTL_SECONDS)
      .meta({ description: `How long the token can be used, in seconds. Default ${DEFAULT_TTL_SECONDS}.` })
      .exactOptional(),
    replace: z
      .boolean()
      .meta({
        description:
          'Enrolment is allowed although an agent of the cluster is connected: the new one takes its place.',
      })
      .exactOptional(),
  })
  .meta({ description: 'What is asked for.' });

export const bootstrapTokenStatusSchema = z
  .object({
    token: z.string().meta({ description: 'The token. It can be used once, and is shown only here.' }),
    expirationTimestamp: z.string().meta({ description: 'When it ends, unused.', format: 'date-time' }),
    hubCAHash: z
      .string()
      .meta({ description: "sha256:HEX of the hub CA's public key, for the agent's --hub-ca-hash." }),
    hubAddress: z
      .string()
      .meta({ description: 'HOST:PORT at which agents dial the hub, where the hub knows it.' })
      .exactOptional(),
  })
  .meta({ description: 'What was issued.' });

export const clusterHealthStatusSchema = z
  .object({
    reachable: z.boolean().meta({
      description:
        "Whether the cluster's apiserver answered; with probe=false, whether this hub holds a tunnel.",
    }),
    streams: z.int32().meta({
      description: 'Requests, watches and upgrades in the tunnels of this hub replica, when it was asked.',
    }),
    httpStatus: z
      .int32()
      .meta({ description: 'HTTP status of its answer to GET /livez, asked as the caller.' })
      .exactOptional(),
    tunnelRoundTripMs: z
      .number()
      .meta({
        description:
          'Milliseconds from the hub to the agent and back, measured by this probe; with probe=false, by the last pings.',
      })
      .exactOptional(),
    apiServerMs: z
      .number()
      .meta({
        description:
          "Milliseconds from the agent to the apiserver's answer: what the probe took longer than the tunnel's round trip, measured beside it.",
      })
      .exactOptional(),
    reason: z
      .string()
      .meta({ description: 'Why it is not reachable, in one CamelCase word.' })
      .exactOptional(),
    message: z.string().meta({ description: 'The answer, or why there is none, for people.' }),
    time: z.string().meta({ description: 'When it was probed.', format: 'date-time' }),
  })
  .meta({ description: 'What the probe found.' });

export type ClusterHealthStatus = z.infer<typeof clusterHealthStatusSchema>;
