/** Requests to `clusterregistrations` that no decent client sends, and what the real kube-apiserver answers. */

export interface HostileRequest {
  readonly what: string;
  readonly method: string;
  /** Below the collection, with the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly status: number;
  /** Of the Status. */
  readonly reason?: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const MERGE = { 'content-type': 'application/merge-patch+json' };
const manifest = (metadata: unknown, rest: object = {}): string =>
  JSON.stringify({
    apiVersion: 'registry.mctunnel.io/v1',
    kind: 'ClusterRegistration',
    ...(metadata !== undefined && { metadata }),
    ...rest,
  });

const post = (what: string, body: string | Buffer, status: number, reason?: string): HostileRequest => ({
  ...{ what, method: 'POST', path: '', headers: JSON_TYPE, body, status },
  ...(reason !== undefined && { reason }),
});
const get = (what: string, path: string, status: number, reason?: string): HostileRequest => ({
  ...{ what, method: 'GET', path, status },
  ...(reason !== undefined && { reason }),
});
const patch = (what: string, body: string, status: number, reason?: string): HostileRequest => ({
  ...{ what, method: 'PATCH', path: '/here', headers: MERGE, body, status },
  ...(reason !== undefined && { reason }),
});

const deep = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

/** A registration `here` must exist. */
export const HOSTILE_REQUESTS: readonly HostileRequest[] = [
  ...[
    ['in capitals', 'UPPER'],
    ['of 64 characters', 'a'.repeat(64)],
    ['with a dot', 'a.b'],
    ['with a blank', 'a b'],
    ['with a slash', 'a/b'],
    ['that climbs', '../../etc/passwd'],
    ['with NUL', 'a\0b'],
    ['of another script', 'кластер'],
    ['with a line feed', 'a\n'],
    ['that is reserved', 'api'],
    ['that begins with a hyphen', '-a'],
    ['of an attribute of every object', '__proto__'],
  ].map(([what = '', name]) => post(`a name ${what}`, manifest({ name }), 422, 'Invalid')),
  post('no name', manifest({}), 422, 'Invalid'),
  post('no metadata', manifest(undefined), 422, 'Invalid'),
  post('a name that is a number', manifest({ name: 5 }), 400, 'BadRequest'),
  post('metadata that is a text', manifest('x'), 400, 'BadRequest'),
  post('a label key that is none', manifest({ name: 'x', labels: { 'a b': 'c' } }), 422, 'Invalid'),
  post('a label value that is none', manifest({ name: 'x', labels: { a: 'b c' } }), 422, 'Invalid'),
  post('a label value of 64', manifest({ name: 'x', labels: { a: 'b'.repeat(64) } }), 422, 'Invalid'),
  post('a label that is a number', manifest({ name: 'x', labels: { a: 5 } }), 400, 'BadRequest'),
  post('labels that are a list', manifest({ name: 'x', labels: ['a'] }), 400, 'BadRequest'),
  post(
    'annotations of 300 KiB',
    manifest({ name: 'x', annotations: { a: 'x'.repeat(300_000) } }),
    422,
    'Invalid',
  ),
  post('an annotation key that is none', manifest({ name: 'x', annotations: { 'a b': '' } }), 422, 'Invalid'),
  post('a finalizer that is none', manifest({ name: 'x', finalizers: ['a b'] }), 422, 'Invalid'),
  post(
    'an owner without a uid',
    manifest({ name: 'x', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'p' }] }),
    422,
    'Invalid',
  ),
  post('a spec that is a text', manifest({ name: 'x' }, { spec: 'x' }), 422, 'Invalid'),
  post('a limit of 0', manifest({ name: 'x' }, { spec: { limits: { maxInFlight: 0 } } }), 422, 'Invalid'),
  post(
    'a limit that is a text',
    manifest({ name: 'x' }, { spec: { limits: { maxInFlight: '5' } } }),
    422,
    'Invalid',
  ),
  post(
    'a limit with a fraction',
    manifest({ name: 'x' }, { spec: { limits: { maxInFlight: 1.5 } } }),
    422,
    'Invalid',
  ),
  post(
    'a limit beyond 64 bits',
    manifest({ name: 'x' }, { spec: {} }).replace('"spec":{}', '"spec":{"limits":{"maxInFlight":1e400}}'),
    400,
    'BadRequest',
  ),
  post('paused as a text', manifest({ name: 'x' }, { spec: { paused: 'true' } }), 422, 'Invalid'),
  post(
    'a date that is none',
    manifest({ name: 'x' }, { spec: { credentials: { notBefore: 'yesterday' } } }),
    422,
    'Invalid',
  ),
  post('another Kind', manifest({ name: 'x' }, { kind: 'Pod' }), 422, 'Invalid'),
  post('a Kind that is a number', manifest({ name: 'x' }, { kind: 5 }), 400, 'BadRequest'),
  post('another group', manifest({ name: 'x' }, { apiVersion: 'v1' }), 400, 'BadRequest'),
  post('no Kind', JSON.stringify({ metadata: { name: 'x' } }), 400, 'BadRequest'),
  post(
    'no apiVersion',
    JSON.stringify({ kind: 'ClusterRegistration', metadata: { name: 'x' } }),
    400,
    'BadRequest',
  ),
  post('nothing', '', 400, 'BadRequest'),
  post('a list', '[]', 400, 'BadRequest'),
  post('null', 'null', 400, 'BadRequest'),
  post('a text', '"x"', 400, 'BadRequest'),
  post('half of it', manifest({ name: 'x' }).slice(0, -5), 400, 'BadRequest'),
  post(
    'what is no UTF-8',
    Buffer.concat([Buffer.from('{"metadata":{"name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}}')]),
    400,
    'BadRequest',
  ),
  post('JSON that is nested 20,000 deep', deep(20_000), 400, 'BadRequest'),
  // Not much more: the kube-apiserver would reset the connection of who still sends when it has answered.
  post(
    'a little more than 3 MiB',
    manifest({ name: 'x', annotations: { a: 'x'.repeat(3 * 1024 * 1024) } }),
    413,
    'RequestEntityTooLarge',
  ),

  get('a name in capitals', '/UPPER', 404, 'NotFound'),
  get('a name of 1,000 characters', `/${'a'.repeat(1000)}`, 404, 'NotFound'),
  get('a name with a blank', '/a%20b', 404, 'NotFound'),
  get('a name of another script', '/%D0%BA', 404, 'NotFound'),
  get('a selector that is none', '?labelSelector=a%20b', 400, 'BadRequest'),
  get('a selector that stops in the middle', '?labelSelector=a%20in%20(b', 400, 'BadRequest'),
  get('a selector with a bad value', '?labelSelector=a%3D%C3%A4', 400, 'BadRequest'),
  get('a field that cannot be selected', '?fieldSelector=spec.paused%3Dtrue', 400, 'BadRequest'),
  get('a limit that is no number', '?limit=abc', 400, 'BadRequest'),
  get('a limit beyond 64 bits', '?limit=99999999999999999999', 400, 'BadRequest'),
  get('a negative limit', '?limit=-5', 200),
  get('a resourceVersion that is no number', '?resourceVersion=abc', 400, 'BadRequest'),
  get('a resourceVersionMatch without a version', '?resourceVersionMatch=Exact', 422, 'Invalid'),
  get('a resourceVersionMatch that is none', '?resourceVersionMatch=Maybe&resourceVersion=1', 422, 'Invalid'),
  get('a continue of somebody else', '?continue=abc', 400, 'BadRequest'),
  get('a version of the far future', '?resourceVersion=99999999999', 504, 'Timeout'),
  get('parameters that nobody knows', '?a=b&x&__proto__=y&limit=1', 200),
  get('a watch with a timeout that is no number', '?watch=true&timeoutSeconds=abc', 400, 'BadRequest'),
  get('a resourceVersion beyond 64 bits', '?resourceVersion=99999999999999999999', 400, 'BadRequest'),
  get('a watch with initial events and no match', '?watch=true&sendInitialEvents=true', 422, 'Invalid'),
  get('a path that leads nowhere', '/here/nothing', 404, 'NotFound'),
  { ...get('only HTML', '', 406, 'NotAcceptable'), headers: { accept: 'text/html' } },
  { ...get('only HTML of one', '/here', 406, 'NotAcceptable'), headers: { accept: 'text/html' } },
  { ...get('an Accept that is none', '', 406, 'NotAcceptable'), headers: { accept: ';;;,,,' } },

  {
    ...post('a media type that is none', '{}', 415, 'UnsupportedMediaType'),
    headers: { 'content-type': 'text/plain' },
  },
  {
    ...post('a media type of nothing', '{}', 415, 'UnsupportedMediaType'),
    headers: { 'content-type': ';;;' },
  },
  {
    what: 'PUT of one that is not there',
    method: 'PUT',
    path: '/nobody',
    headers: JSON_TYPE,
    body: manifest({ name: 'nobody', resourceVersion: '1' }),
    status: 404,
    reason: 'NotFound',
  },
  {
    what: 'PUT under another name',
    method: 'PUT',
    path: '/here',
    headers: JSON_TYPE,
    body: manifest({ name: 'there', resourceVersion: '1' }),
    status: 400,
    reason: 'BadRequest',
  },
  {
    what: 'PUT without a version',
    method: 'PUT',
    path: '/here',
    headers: JSON_TYPE,
    body: manifest({ name: 'here' }),
    status: 422,
    reason: 'Invalid',
  },
  {
    what: 'PUT with an old version',
    method: 'PUT',
    path: '/here',
    headers: JSON_TYPE,
    body: manifest({ name: 'here', resourceVersion: '1' }),
    status: 409,
    reason: 'Conflict',
  },
  {
    what: 'DELETE of one that is not there',
    method: 'DELETE',
    path: '/nobody',
    status: 404,
    reason: 'NotFound',
  },
  {
    what: 'DELETE with another Kind',
    method: 'DELETE',
    path: '/here',
    headers: JSON_TYPE,
    body: '{"kind":"Pod","apiVersion":"v1"}',
    status: 400,
    reason: 'BadRequest',
  },
  {
    what: 'DELETE with half a body',
    method: 'DELETE',
    path: '/here',
    headers: JSON_TYPE,
    body: '{"kind":',
    status: 400,
    reason: 'BadRequest',
  },
  {
    what: 'DELETE with a grace period that is no number',
    method: 'DELETE',
    path: '/here?gracePeriodSeconds=abc',
    status: 400,
    reason: 'BadRequest',
  },
  {
    what: 'DELETE with a policy that nobody knows',
    method: 'DELETE',
    path: '/here?propagationPolicy=Maybe',
    status: 422,
    reason: 'Invalid',
  },
  {
    what: 'PUT with another uid',
    method: 'PUT',
    path: '/here',
    headers: JSON_TYPE,
    body: manifest({ name: 'here', uid: 'another', resourceVersion: '1' }),
    status: 409,
    reason: 'Conflict',
  },

  patch('a list as a patch', '[]', 400, 'BadRequest'),
  patch('a text as a patch', '"x"', 400, 'BadRequest'),
  patch('half a patch', '{"a":', 400, 'BadRequest'),
  patch('a patch of the name', '{"metadata":{"name":"there"}}', 400, 'BadRequest'),
  patch('a patch of the uid', '{"metadata":{"uid":"another"}}', 422, 'Invalid'),
  patch('a patch with an old version', '{"metadata":{"resourceVersion":"1"}}', 409, 'Conflict'),
  patch('a patch that makes it invalid', '{"spec":{"limits":{"maxInFlight":-1}}}', 422, 'Invalid'),
  patch('a patch that takes the metadata away', '{"metadata":null}', 400, 'BadRequest'),
];
