/** A column of `kubectl get`, as additionalPrinterColumns of a CRD; NAME comes first by itself. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: string;
  readonly description: string;
  /** The subset of JSONPath that `json-path.ts` reads. */
  readonly jsonPath: string;
  /** 0 always, 1 with `-o wide`. */
  readonly priority?: number;
}

const connected = '.status.conditions[?(@.type=="Connected")]';

export const COLUMNS: readonly PrinterColumn[] = [
  {
    name: 'Connected',
    type: 'string',
    description: 'Whether an agent of the cluster holds a tunnel to the hub.',
    jsonPath: `${connected}.status`,
  },
  {
    name: 'Since',
    type: 'date',
    description: 'How long it has been so.',
    jsonPath: `${connected}.lastTransitionTime`,
  },
  {
    name: 'Agent',
    type: 'string',
    description: "The agent's version.",
    jsonPath: '.status.sessions[0].agentVersion',
  },
  {
    name: 'Kubernetes',
    type: 'string',
    description: "The version of the cluster's apiserver.",
    jsonPath: '.status.kubernetesVersion',
  },
  {
    name: 'Age',
    type: 'date',
    description: 'Since when it is registered.',
    jsonPath: '.metadata.creationTimestamp',
  },
  {
    name: 'Paused',
    type: 'boolean',
    description: 'Whether agents are refused on purpose.',
    jsonPath: '.spec.paused',
    priority: 1,
  },
  {
    name: 'Round-Trip-Ms',
    type: 'number',
    description: 'Round trip of the tunnel in milliseconds.',
    jsonPath: '.status.sessions[0].roundTripMs',
    priority: 1,
  },
  {
    name: 'Last-Disconnect',
    type: 'string',
    description: 'Why the last session ended.',
    jsonPath: '.status.lastDisconnect.reason',
    priority: 1,
  },
];
