import type { ControlPlane } from './control-plane.ts';
import { waitFor } from './wait.ts';

export interface AggregationOptions {
  /** Where the aggregated API server listens on loopback. */
  readonly port: number;
  /** PEM of the authority that signed its serving certificate, which must name `mctunnel-hub.mctunnel-system.svc`. */
  readonly caBundle: string;
  /** Wait until the API server reports it available. Default true. */
  readonly wait?: boolean;
  readonly timeoutMs?: number;
}

const aggregatedGroup = 'gateway.mctunnel.io';
const aggregatedVersion = 'v1';
const aggregatedNamespace = 'mctunnel-system';
const aggregatedService = 'mctunnel-hub';
/** The name that an aggregated server's certificate must carry. */
export const aggregatedServerName = `${aggregatedService}.${aggregatedNamespace}.svc`;

const apiService = `${aggregatedVersion}.${aggregatedGroup}`;

interface APIService {
  status?: { conditions?: { type: string; status: string; reason?: string; message?: string }[] };
}

/**
 * Makes the control plane forward `/apis/gateway.mctunnel.io/v1` to a server on this machine's loopback: a Service of
 * type ExternalName (the aggregator then dials `localhost` and asks for no endpoints) and an APIService with its port.
 *
 * @throws Error with the condition's reason and message when it does not become available in time (default 30 s).
 */
export async function registerAggregation(plane: ControlPlane, options: AggregationOptions): Promise<void> {
  await plane.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: aggregatedNamespace } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: aggregatedService, namespace: aggregatedNamespace },
      spec: {
        type: 'ExternalName',
        externalName: 'localhost',
        ports: [{ name: 'https', port: options.port }],
      },
    },
    {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: apiService },
      spec: {
        group: aggregatedGroup,
        version: aggregatedVersion,
        groupPriorityMinimum: 1000,
        versionPriority: 15,
        caBundle: Buffer.from(options.caBundle).toString('base64'),
        service: { name: aggregatedService, namespace: aggregatedNamespace, port: options.port },
      },
    },
  ]);
  if (options.wait !== false) await aggregationAvailable(plane, options.timeoutMs);
}

/** Resolves when the control plane reports the aggregated API available. */
async function aggregationAvailable(plane: ControlPlane, timeoutMs = 30_000): Promise<void> {
  let last = 'no condition yet';
  try {
    await waitFor(
      `${plane.name}'s APIService ${apiService}`,
      async () => {
        const answer = await plane.request(
          'GET',
          `/apis/apiregistration.k8s.io/v1/apiservices/${apiService}`,
        );
        const { status } = JSON.parse(answer.body) as APIService;
        const condition = status?.conditions?.find(({ type }) => type === 'Available');
        if (condition !== undefined) last = `${condition.reason ?? ''}: ${condition.message ?? ''}`;
        return condition?.status === 'True';
      },
      { timeoutMs, intervalMs: 100 },
    );
  } catch (error) {
    throw new Error(`${plane.name}: the aggregated API is not available: ${last}`, { cause: error });
  }
}
