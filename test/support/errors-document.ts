import { format, resolveConfig } from 'prettier';
import { API_ROWS, BEGUN_ROWS, PROXY_ROWS, type ErrorRow } from '../e2e/error-rows.ts';

/** docs/errors.md as it must be. */
export async function renderErrorsDocument(path: string): Promise<string> {
  const rows: readonly ErrorRow[] = Object.values(PROXY_ROWS);
  const text = `<!-- Made from test/e2e/error-rows.ts, whose every row is provoked and checked; \`UPDATE_DOCS=1 npm run jest -- test/e2e/errors\` writes it. -->

# Errors

Every answer that mctunnel itself makes is a Kubernetes \`Status\` in JSON with the header \`Mctunnel-Hop\`: \`hub\` or \`agent\`, whichever failed. **An answer without that header is
not ours**: it is the cluster's own, or that of the hub's kube-apiserver in front, passed on byte for byte.

The cause \`Delivered\` in \`details.causes\` of an answer under \`/proxy\` says whether the request may have been executed:

- \`no\`: nothing of it reached the cluster's API server. It is safe to send it again.
- \`unknown\`: it may have been executed. Before you send a write again, look whether it was.

## How kubectl shows it

\`Error from server (ServiceUnavailable): cluster paris is not connected: …\` is the message. But before kubectl does what it was told to, its first command in a cluster asks what there is to be had (discovery), and there it looks
at nothing but the code of an answer. When that fails it shows:

    Warning: cluster paris is not connected: its agent has never connected (start it, or enrol one with mctunnel token create)
    E1121 16:34:17.388342    8509 memcache.go:265] "Unhandled Error" err="couldn't get current server API group list: the server is currently unable to handle the request"
    Error from server (ServiceUnavailable): the server is currently unable to handle the request

The lines with \`memcache.go\`, up to five, and the last one are the same failure in kubectl's own words. The reason stands in the \`Warning\`, which mctunnel adds to its own answers to discovery.

**\`kubectl get --raw PATH\` with the context of a cluster reaches another cluster** when kubectl is older (1.32, for one; 1.36 is right): there, and nowhere else, it leaves out the path that belongs to the server in the
kubeconfig, so that the request goes to the root of the hub's own address. A standalone hub answers that mostly with a 404. **With an aggregated hub it is the hub cluster that answers, with its own objects and a 200, and
nothing says so**: \`get --raw /api/v1/nodes\` lists the hub cluster's nodes, and \`create\`, \`replace\` and \`delete\` with \`--raw\` change the hub cluster. Never use \`--raw\` with such a context and an older kubectl, and not in scripts
at all. With the hub's own kubeconfig and the whole path any kubectl does what is meant:

    kubectl get --raw /apis/gateway.mctunnel.io/v1/clusters/paris/proxy/version

\`mctunnel clusters\` tells who is connected, since when, and if not, why; \`mctunnel health paris\` tells which hop fails. Both ask the hub, so they have an answer when the cluster has none.

## Two rules that keep controllers safe

1. **Under \`/proxy\` mctunnel itself never answers 404, 409, 410 or 422.** Clients look only at the code and the reason: "no such cluster" as a 404 would read as "your object is gone", and a
   controller would act on it. A 404 under \`/proxy\` is always the cluster's own.
2. **\`Retry-After\` is sent only when nothing was delivered and recovery is near.** client-go repeats any method, writes too, up to ten times on that header. Where it is absent, sending again is your own decision.

## Under \`clusters/NAME/proxy\`

| HTTP | reason | cause | made by | delivered | Retry-After | |
| --- | --- | --- | --- | --- | --- | --- |
${rows.map(tableLine).join('\n')}

${rows.map(section).join('\n\n')}

## When the answer has begun

${Object.values(BEGUN_ROWS)
  .map(
    ({ title, situation, outcome, advice }) =>
      `### ${title}\n\n${situation} ${outcome}\n\n**What to do:** ${advice}`,
  )
  .join('\n\n')}

## Elsewhere

\`clusters\`, \`clusterregistrations\`, and their subresources other than \`proxy\` answer as any API server does. (With a hub cluster, registrations are served by its kube-apiserver, in its own words.)

| HTTP | reason | when | what to do |
| --- | --- | --- | --- |
${Object.values(API_ROWS)
  .map(
    ({ http, reason, title, situation, advice }) =>
      `| ${http} | ${reason} | **${title}.** ${situation} | ${advice} |`,
  )
  .join('\n')}
`;
  return format(text, { ...(await resolveConfig(path)), parser: 'markdown' });
}

function tableLine(row: ErrorRow): string {
  const link = `[${row.title}](#${anchor(row.title)})`;
  const retry = row.retryAfter === undefined ? '–' : String(row.retryAfter);
  return `| ${row.http} | ${row.reason} | ${row.cause ?? '–'} | ${row.hop} | ${row.delivered} | ${retry} | ${link} |`;
}

function section(row: ErrorRow): string {
  const cause = row.cause === undefined ? '' : `, cause \`${row.cause}\``;
  const executed = row.delivered === 'no' ? 'No.' : 'Maybe.';
  const retry = row.retryAfter === undefined ? '' : ` The answer carries \`Retry-After: ${row.retryAfter}\`.`;
  return `### ${row.title}

\`${row.http} ${row.reason}\`${cause}, made by the ${row.hop}.

${row.situation}

**May it have been executed?** ${executed}${retry}

**What to do:** ${row.advice}`;
}

/** As GitHub makes them. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
}
