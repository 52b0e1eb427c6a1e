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
const JSON_PATCH = { 'content-type': 'application/json-patch+json' };
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
const patch = (what: string, body: string, status: number, reason?: string, query = ''): HostileRequest => ({
  ...{ what, method: 'PATCH', path: `/here${query}`, headers: MERGE, body, status },
  ...(reason !== undefined && { reason }),
});

const jsonPatch = (what: string, body: unknown, status: number, reason?: string): HostileRequest => ({
  ...{ what, method: 'PATCH', path: '/here', headers: JSON_PATCH, status },
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...(reason !== undefined && { reason }),
});

const status = (what: string, body: object, code: number, reason?: string): HostileRequest => ({
  ...patch(what, JSON.stringify(body), code, reason),
  path: '/here/status',
});
const OWNER = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };

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
  post(
    'a label of an attribute of every object',
    manifest({ name: 'x', labels: { x: 'c' } }).replace('"x":"c"', '"__proto__":"c"'),
    422,
    'Invalid',
  ),
  post(
    'an annotation of an attribute of every object',
    manifest({ name: 'x', annotations: { x: 'c' } }).replace('"x":"c"', '"__proto__":"c"'),
    422,
    'Invalid',
  ),
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
  get('a selector that is not UTF-8', '?labelSelector=a%3Dgr%FCn', 400, 'BadRequest'),
  get('a field that cannot be selected', '?fieldSelector=spec.paused%3Dtrue', 400, 'BadRequest'),
  get('a limit that is no number', '?limit=abc', 400, 'BadRequest'),
  get('a limit beyond 64 bits', '?limit=99999999999999999999', 400, 'BadRequest'),
  get('a negative limit', '?limit=-5', 200),
  get('a resourceVersion that is no number', '?resourceVersion=abc', 400, 'BadRequest'),
  get('a resourceVersionMatch without a version', '?resourceVersionMatch=Exact', 422, 'Invalid'),
  get('a resourceVersionMatch that is none', '?resourceVersionMatch=Maybe&resourceVersion=1', 422, 'Invalid'),
  get('a continue of somebody else', '?continue=abc', 400, 'BadRequest'),
  get('a version of the far future', '?resourceVersion=99999999999', 504, 'Timeout'),
  get('a namespace of what has none', '?fieldSelector=metadata.namespace%3D', 400, 'BadRequest'),
  get('no namespace of what has none', '?fieldSelector=metadata.namespace!%3Dx', 400, 'BadRequest'),
  get('a watch that continues a list', '?watch=true&timeoutSeconds=1&continue=abc', 422, 'Invalid'),
  get('a label with a no-break space before it', '?labelSelector=%C2%A0a', 400, 'BadRequest'),
  get('a label with an em space behind it', '?labelSelector=a%3Db%E2%80%83', 400, 'BadRequest'),
  get('a label with a form feed', '?labelSelector=a%3D%0Cb', 400, 'BadRequest'),
  get('labels with what is white space', '?labelSelector=%20a%09%3D%0Db%0A,%20c%20', 200),
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

  ...(
    [
      [
        'an unknown field, strictly, of one that is not there',
        '/nobody',
        { name: 'nobody' },
        { pausd: true },
      ],
      ['an unknown field, strictly, and no version', '/here', { name: 'here' }, { pausd: true }],
      [
        'a label that is a number, of one that is not there',
        '/nobody',
        { name: 'nobody', labels: { a: 5 } },
        {},
      ],
    ] as const
  ).map(([what, path, metadata, spec]) => ({
    ...{
      what: `PUT with ${what}`,
      method: 'PUT',
      path: `${path}?fieldValidation=Strict`,
      headers: JSON_TYPE,
    },
    ...{ body: manifest(metadata, { spec }), status: 400, reason: 'BadRequest' },
  })),

  patch('a list as a patch', '[]', 400, 'BadRequest'),
  patch('a text as a patch', '"x"', 400, 'BadRequest'),
  patch('half a patch', '{"a":', 400, 'BadRequest'),
  patch('a patch of the name', '{"metadata":{"name":"there"}}', 400, 'BadRequest'),
  patch('a patch of the uid', '{"metadata":{"uid":"another"}}', 422, 'Invalid'),
  patch('a patch with an old version', '{"metadata":{"resourceVersion":"1"}}', 409, 'Conflict'),
  patch('a patch that makes it invalid', '{"spec":{"limits":{"maxInFlight":-1}}}', 422, 'Invalid'),
  patch('a patch that takes the metadata away', '{"metadata":null}', 400, 'BadRequest'),
  { ...patch('half a patch of one that is not there', '{"a":', 404, 'NotFound'), path: '/nobody' },

  jsonPatch('a JSON patch that is an object', {}, 400, 'BadRequest'),
  jsonPatch('a JSON patch that is a text', '"x"', 400, 'BadRequest'),
  jsonPatch('half a JSON patch', '[{"op":', 400, 'BadRequest'),
  jsonPatch('an operation that is a number', [5], 400, 'BadRequest'),
  jsonPatch('an operation that is a list', [[]], 400, 'BadRequest'),
  jsonPatch('an operation that is null', [null], 422, 'Invalid'),
  jsonPatch('an op that is a number', [{ op: 5, path: '/spec' }], 400, 'BadRequest'),
  jsonPatch('a path that is a number', [{ op: 'remove', path: 5 }], 400, 'BadRequest'),
  jsonPatch('a from that is a list', [{ op: 'copy', from: [], path: '/spec' }], 400, 'BadRequest'),
  jsonPatch('an operation without an op', [{ path: '/spec/paused', value: true }], 422, 'Invalid'),
  jsonPatch('an op that is none', [{ op: 'poke', path: '/spec/paused' }], 422, 'Invalid'),
  jsonPatch('an operation without a path', [{ op: 'add', value: true }], 422, 'Invalid'),
  jsonPatch('a move without a from', [{ op: 'move', path: '/spec/paused' }], 422, 'Invalid'),
  jsonPatch('a test that fails', [{ op: 'test', path: '/metadata/name', value: 'there' }], 422, 'Invalid'),
  jsonPatch('a test of what is not there', [{ op: 'test', path: '/spec/a/b', value: 1 }], 422, 'Invalid'),
  jsonPatch('a remove of what is not there', [{ op: 'remove', path: '/spec/paused' }], 422, 'Invalid'),
  jsonPatch('a remove of the whole', [{ op: 'remove', path: '' }], 422, 'Invalid'),
  jsonPatch('an add below nothing', [{ op: 'add', path: '/spec/a/b', value: 1 }], 422, 'Invalid'),
  jsonPatch('an add below a text', [{ op: 'add', path: '/kind/a', value: 1 }], 422, 'Invalid'),
  jsonPatch('a move of nothing', [{ op: 'move', from: '/spec/a', path: '/spec/b' }], 422, 'Invalid'),
  jsonPatch(
    'an index beyond the end',
    [
      { op: 'add', path: '/metadata/finalizers', value: [] },
      { op: 'add', path: '/metadata/finalizers/1', value: 'a.test/b' },
    ],
    422,
    'Invalid',
  ),
  jsonPatch(
    'an index that is a word',
    [
      { op: 'add', path: '/metadata/finalizers', value: [] },
      { op: 'add', path: '/metadata/finalizers/x', value: 'a.test/b' },
    ],
    422,
    'Invalid',
  ),
  jsonPatch(
    'copies that double',
    [
      { op: 'add', path: '/spec/a', value: { b: 'x'.repeat(1024) } },
      ...Array.from({ length: 40 }, (_, i) => ({ op: 'copy', from: '/spec/a', path: `/spec/a/${i}` })),
    ],
    422,
    'Invalid',
  ),
  jsonPatch(
    '10,001 operations',
    Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/metadata/name', value: 'here' })),
    413,
    'RequestEntityTooLarge',
  ),
  jsonPatch('a JSON patch of the name', [{ op: 'replace', path: '/metadata/name', value: 'x' }], 400),
  jsonPatch('a JSON patch of the uid', [{ op: 'replace', path: '/metadata/uid', value: 'x' }], 422),
  jsonPatch(
    'a JSON patch with an old version',
    [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }],
    409,
    'Conflict',
  ),
  jsonPatch('a JSON patch that takes the metadata away', [{ op: 'remove', path: '/metadata' }], 400),
  jsonPatch('a JSON patch that takes the Kind away', [{ op: 'remove', path: '/kind' }], 422, 'Invalid'),
  jsonPatch('an empty Kind', [{ op: 'replace', path: '/kind', value: '' }], 422, 'Invalid'),
  jsonPatch('a Kind that becomes a number', [{ op: 'replace', path: '/kind', value: 5 }], 422, 'Invalid'),
  jsonPatch(
    'an apiVersion that becomes a number',
    [{ op: 'replace', path: '/apiVersion', value: 5 }],
    422,
    'Invalid',
  ),
  patch('a patch that takes the Kind away', '{"kind":null}', 422, 'Invalid'),
  patch('a grace period', '{"metadata":{"deletionGracePeriodSeconds":5}}', 422, 'Invalid'),
  patch('no grace period', '{"metadata":{"deletionGracePeriodSeconds":0}}', 422, 'Invalid'),
  patch('a deletion', '{"metadata":{"deletionTimestamp":"2030-01-01T00:00:00Z"}}', 422, 'Invalid'),
  patch(
    'a deletion and a grace period',
    '{"metadata":{"deletionTimestamp":"2030-01-01T00:00:00Z","deletionGracePeriodSeconds":5}}',
    422,
    'Invalid',
  ),
  jsonPatch(
    'a JSON patch that makes it invalid',
    [{ op: 'add', path: '/spec/limits', value: { maxInFlight: -1 } }],
    422,
    'Invalid',
  ),
  {
    ...jsonPatch('a JSON patch of one that is not there', [], 404, 'NotFound'),
    path: '/nobody',
  },

  patch('an unknown field, strictly', '{"spec":{"pausd":true}}', 422, 'Invalid', '?fieldValidation=Strict'),
  // Beside what is wrong and yet not refused.
  ...(
    [
      ['a null', { spec: { paused: null, pausd: true } }],
      ['a status that is not written', { spec: { pausd: true }, status: { conditions: 'x' } }],
      ['a null in the metadata', { metadata: { name: 'x', annotations: null, labls: {} } }],
    ] as const
  ).map(([what, rest]) => ({
    ...post(`an unknown field beside ${what}, strictly`, manifest({ name: 'x' }, rest), 400, 'BadRequest'),
    path: '?dryRun=All&fieldValidation=Strict',
  })),
  ...['Create', 'Update', 'Patch'].map((verb) => ({
    ...{ what: `${verb} by a manager of 200 characters`, headers: verb === 'Patch' ? MERGE : JSON_TYPE },
    ...{
      method: { Create: 'POST', Update: 'PUT', Patch: 'PATCH' }[verb] ?? '',
      body: manifest({ name: 'here' }),
    },
    ...{
      path: `${verb === 'Create' ? '' : '/here'}?fieldManager=${'x'.repeat(200)}`,
      status: 422,
      reason: 'Invalid',
    },
  })),
  { ...post('a manager that rings', manifest({ name: 'x' }), 422, 'Invalid'), path: '?fieldManager=%07' },
  post('a byte order mark', `\ufeff${manifest({ name: 'x' })}`, 400, 'BadRequest'),
  post(
    'two owners that control',
    manifest({
      name: 'x',
      ownerReferences: ['1', '2'].map((uid) => ({ ...OWNER, uid, controller: true })),
    }),
    422,
    'Invalid',
  ),
  post(
    'an Event as owner',
    manifest({ name: 'x', ownerReferences: [{ ...OWNER, kind: 'Event' }] }),
    422,
    'Invalid',
  ),
  post(
    'an owner of no version',
    manifest({ name: 'x', ownerReferences: [{ ...OWNER, apiVersion: 'a/b/c' }] }),
    422,
    'Invalid',
  ),
  ...(
    [
      ['a status of the wrong type, without its subresource', { status: 'x' }],
      ['nulls', { spec: { paused: null, limits: null } }],
      ['a spec that is null', { spec: null }],
    ] as const
  ).map(([what, rest]) => ({ ...post(what, manifest({ name: 'x' }, rest), 201), path: '?dryRun=All' })),
  {
    ...post(
      '100 finalizers',
      manifest({ name: 'x', finalizers: Array.from({ length: 100 }, (_, i) => `a.b/${i}`) }),
      201,
    ),
    path: '?dryRun=All',
  },
  {
    ...post('a generateName of 100 characters', manifest({ generateName: 'a'.repeat(100) }), 201),
    path: '?dryRun=All',
  },
  patch('a status of the wrong type in a patch of the rest', '{"status":{"conditions":"x"}}', 200),

  {
    what: 'DELETE of all that a selector selects which is not UTF-8',
    method: 'DELETE',
    path: '?labelSelector=a%3Dgr%FCn',
    status: 400,
    reason: 'BadRequest',
  },
  {
    ...post('a dryRun that is not UTF-8', manifest({ name: 'dry' }), 422, 'Invalid'),
    path: '?dryRun=%ff',
  },
  {
    ...{
      what: 'DELETE with preconditions that are a text',
      method: 'DELETE',
      path: '/here',
      headers: JSON_TYPE,
    },
    ...{
      body: '{"kind":"DeleteOptions","apiVersion":"v1","preconditions":"x"}',
      status: 400,
      reason: 'BadRequest',
    },
  },
  {
    ...{ what: 'DELETE with two policies', method: 'DELETE', status: 422, reason: 'Invalid' },
    path: '/here?propagationPolicy=Foreground&orphanDependents=true',
  },
  {
    ...{ what: 'DELETE of another uid', method: 'DELETE', path: '/here', headers: JSON_TYPE },
    ...{
      body: '{"kind":"DeleteOptions","apiVersion":"v1","preconditions":{"uid":"x"}}',
      status: 409,
      reason: 'Conflict',
    },
  },

  get('an empty limit', '?limit=', 400, 'BadRequest'),
  get('the least limit', '?limit=-9223372036854775808', 200),
  get('a limit with a fraction', '?limit=1.5', 400, 'BadRequest'),
  get('a negative resourceVersion', '?resourceVersion=-1', 400, 'BadRequest'),
  get('a continue and a match', '?continue=abc&resourceVersion=5&resourceVersionMatch=Exact', 422, 'Invalid'),
  get('a list with initial events', '?sendInitialEvents=false', 422, 'Invalid'),
  get('one, of a version of the far future', '/here?resourceVersion=99999999999', 504, 'Timeout'),
  ...[
    'a!b',
    '!',
    '=b',
    'a=b=c',
    'a in b',
    'a in (b',
    'a in (b)c',
    'a notin',
    'a>b',
    'a<',
    'a/b/c=d',
    '-a',
    'a>-1',
    '()',
    'a,,b',
    'a=b,',
    'a=b c',
  ].map((selector) =>
    get(`a selector ${selector}`, `?labelSelector=${encodeURIComponent(selector)}`, 400, 'BadRequest'),
  ),
  ...['a=', 'a==', ' a = b ', 'a in ()', 'in in (in)'].map((selector) =>
    get(`a selector ${selector}`, `?labelSelector=${encodeURIComponent(selector)}`, 200),
  ),
  ...[
    'metadata.name',
    'spec.paused',
    'metadata.name=a=b',
    'metadata.name=a\\',
    '!metadata.name',
    'metadata.uid=x',
    ' metadata.name=here',
  ].map((selector) =>
    get(`fields ${selector}`, `?fieldSelector=${encodeURIComponent(selector)}`, 400, 'BadRequest'),
  ),
  ...['', '=', '!=', 'metadata.name=', 'metadata.name=A B', 'metadata.name=a,metadata.name=b'].map(
    (selector) => get(`fields ${selector}`, `?fieldSelector=${encodeURIComponent(selector)}`, 200),
  ),
  ...['application/json;as=Table;v=v9;g=meta.k8s.io', 'application/json;as=Table;v=v1', 'application'].map(
    (accept) => ({ ...get(`Accept: ${accept}`, '', 406, 'NotAcceptable'), headers: { accept } }),
  ),
  ...[
    '*/*',
    '*',
    'a/b, *;q=0.1',
    'application/*',
    'a/b, application/json;q=0.1',
    'application/json;pretty=1',
  ].map((accept) => ({
    ...get(`Accept: ${accept}`, '', 200),
    headers: { accept },
  })),

  status('a status of another type', { status: { conditions: 'x' } }, 422, 'Invalid'),
  status('a condition that is none', { status: { conditions: [{ type: 'Sunny' }] } }, 422, 'Invalid'),
  status('a spec that is wrong, to the status', { spec: { paused: 7 } }, 200),
  status('a grace period, to the status', { metadata: { deletionGracePeriodSeconds: 5 } }, 200),
  status('no Kind, to the status', { kind: null }, 422, 'Invalid'),
  status('a name, to the status', { metadata: { name: 'there' } }, 400, 'BadRequest'),
  { ...status('nothing, to the status of nobody', {}, 404, 'NotFound'), path: '/nobody/status' },
  {
    ...{ what: 'PUT of a status without a version', method: 'PUT', path: '/here/status', headers: JSON_TYPE },
    ...{ body: manifest({ name: 'here' }, { status: {} }), status: 422, reason: 'Invalid' },
  },
  {
    ...{
      what: 'PUT of a status with an old version',
      method: 'PUT',
      path: '/here/status',
      headers: JSON_TYPE,
    },
    ...{
      body: manifest({ name: 'here', resourceVersion: '1' }, { status: {} }),
      status: 409,
      reason: 'Conflict',
    },
  },
  {
    ...{ what: 'DELETE of a status', method: 'DELETE', path: '/here/status', status: 405 },
    reason: 'MethodNotAllowed',
  },
  // What is empty is not what is left out.
  ...(
    [
      ['POST', '', JSON_TYPE, manifest({ name: 'dry' })],
      ['PUT', '/here', JSON_TYPE, manifest({ name: 'here', resourceVersion: '1' })],
      ['PATCH', '/here', MERGE, '{}'],
      ['PATCH', '/here/status', MERGE, '{}'],
      ['DELETE', '/here', undefined, undefined],
      ['DELETE', '', undefined, undefined],
    ] as const
  ).flatMap(([method, path, headers, body]) =>
    ['dryRun=', 'dryRun', 'dryRun=All&dryRun=', 'dryRun=&dryRun=All', 'dryRun=all'].map((query) => ({
      what: `${path}?${query}`,
      method,
      path: `${path}?${query}&labelSelector=x`,
      ...(headers !== undefined && { headers, body }),
      status: 422,
      reason: 'Invalid',
    })),
  ),
  ...(
    [
      [{ dryRun: [''] }, 422],
      [{ dryRun: ['All', ''] }, 422],
      [{ dryRun: ['', 'All'] }, 422],
      [{ dryRun: [5] }, 400],
      [{ dryRun: [null] }, 422],
      [{ dryRun: '' }, 400],
      [{ dryRun: 'All' }, 400],
      [{ dryRun: {} }, 400],
      [{ propagationPolicy: '' }, 422],
      [{ propagationPolicy: 5 }, 400],
      [{ propagationPolicy: 'Orphan', orphanDependents: false }, 422],
      [{ orphanDependents: '' }, 400],
      [{ gracePeriodSeconds: '' }, 400],
      [{ gracePeriodSeconds: 1.5 }, 400],
      [{ preconditions: '' }, 400],
      [{ preconditions: { uid: '' } }, 409],
      [{ preconditions: { uid: 5 } }, 400],
      [{ preconditions: { resourceVersion: '' } }, 409],
      [{ preconditions: { resourceVersion: 5 } }, 400],
    ] as const
  ).map(([options, code]) => ({
    what: `${JSON.stringify(options)} in the body`,
    method: 'DELETE',
    path: '/here',
    headers: JSON_TYPE,
    body: JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', ...options }),
    status: code,
    reason: { 400: 'BadRequest', 409: 'Conflict', 422: 'Invalid' }[code],
  })),
  ...(
    [
      ['gracePeriodSeconds=', 400, 'BadRequest'],
      ['propagationPolicy=', 422, 'Invalid'],
      ['propagationPolicy=Orphan&orphanDependents=', 422, 'Invalid'],
      ['propagationPolicy=&orphanDependents=', 422, 'Invalid'],
    ] as const
  ).map(([query, code, reason]) => ({
    ...{ what: `?${query}`, method: 'DELETE', path: `/here?${query}`, status: code, reason },
  })),
  {
    ...post('an empty fieldValidation and fieldManager', manifest({ name: 'x' }), 201),
    path: '?dryRun=All&fieldValidation=&fieldManager=',
  },
  {
    ...post('two fieldValidations, of which the first counts', manifest({ name: 'x' }), 201),
    path: '?dryRun=All&fieldValidation=&fieldValidation=x',
  },
  patch('an empty force', '{}', 422, 'Invalid', '?force='),
  // Dates that are none, and that there never was.
  ...[
    '',
    'foo',
    '2027-02-29T00:00:00Z',
    '2027-02-30T00:00:00Z',
    '2027-04-31T00:00:00Z',
    '2027-13-01T00:00:00Z',
    '2027-00-01T00:00:00Z',
    '2027-01-00T00:00:00Z',
    '2100-02-29T00:00:00Z',
    '2027-01-01T24:00:00Z',
    '2027-01-01T23:60:00Z',
    '2027-01-01T23:59:60Z',
    '2027-01-01T00:00:00+25:00',
    '2027-01-01T00:00:00+23:60',
    '2027-01-01T00:00:00x5Z',
    '2027-01-01T00:00:00,5Z',
    '2027-01-01T00:00:00.Z',
    '2027-01-01T00:00:00',
    '2027-01-01T00:00Z',
    '2027-01-01 00:00:00Z',
    '2027-01-01',
    '27-01-01T00:00:00Z',
    '+02027-01-01T00:00:00Z',
    '2027-01-01T00:00:00ZTomorrow',
    ' 2027-01-01T00:00:00Z',
    '2027-01-01T00:00:00Z\n',
  ].flatMap((date) => [
    {
      ...post(
        `notBefore ${date}`,
        manifest({ name: 'x' }, { spec: { credentials: { notBefore: date } } }),
        422,
      ),
      ...{ path: '?dryRun=All', reason: 'Invalid' },
    },
    status(
      `the time ${date}`,
      { status: { lastDisconnect: { time: date, reason: 'R', message: 'm' } } },
      422,
      'Invalid',
    ),
  ]),
  ...[
    '2028-02-29T00:00:00Z',
    '2000-02-29T23:59:59z',
    '0001-01-01t00:00:00.123456789+23:59',
    '2027-12-31T00:00:00-00:00',
  ].map((date) => ({
    ...post(
      `notBefore ${date}`,
      manifest({ name: 'x' }, { spec: { credentials: { notBefore: date } } }),
      201,
    ),
    path: '?dryRun=All',
  })),
  ...(
    [
      { creationTimestamp: 'foo' },
      { creationTimestamp: '' },
      { creationTimestamp: '2027-02-30T00:00:00Z' },
      { creationTimestamp: '2027-01-01T24:00:00Z' },
      { creationTimestamp: '2027-01-01' },
      { creationTimestamp: 5 },
      { deletionTimestamp: 'foo' },
      { deletionGracePeriodSeconds: 'x' },
      { deletionGracePeriodSeconds: 1.5 },
      { generation: 'x' },
      { namespace: 5 },
      { selfLink: 5 },
      { managedFields: 'x' },
      { managedFields: ['x'] },
    ] as const
  ).flatMap((metadata) => [
    {
      ...post(JSON.stringify(metadata), manifest({ name: 'x', ...metadata }), 400, 'BadRequest'),
      path: '?dryRun=All',
    },
    status(JSON.stringify(metadata), { metadata }, 422, 'Invalid'),
    patch(JSON.stringify(metadata), JSON.stringify({ metadata }), 422, 'Invalid'),
    {
      ...{ what: `${JSON.stringify(metadata)}, of a status`, method: 'PUT', path: '/here/status' },
      ...{ headers: JSON_TYPE, status: 400, reason: 'BadRequest' },
      body: manifest({ name: 'here', resourceVersion: '1', ...metadata }),
    },
  ]),
  ...(
    [
      { creationTimestamp: null, deletionTimestamp: null, generation: null, managedFields: null },
      { creationTimestamp: '2027-01-01T00:00:00Z', generation: 7, managedFields: [] },
      { creationTimestamp: '2027-01-01T00:00:00.5+01:00', selfLink: 'x' },
    ] as const
  ).map((metadata) => ({
    ...post(JSON.stringify(metadata), manifest({ name: 'x', ...metadata }), 201),
    path: '?dryRun=All',
  })),
  status('labels of the wrong type, to the status', { metadata: { labels: 5 } }, 422, 'Invalid'),
  patch('labels of the wrong type', '{"metadata":{"labels":5}}', 422, 'Invalid'),
  patch('a label of the wrong type', '{"metadata":{"labels":{"a":5}}}', 422, 'Invalid'),
  patch('a name of the wrong type', '{"metadata":{"name":5}}', 422, 'Invalid'),
  status('labels that are none, to the status', { metadata: { labels: { 'a b': 'c' } } }, 200),
];

const LABEL_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const NO_INTEGER = "for 'Gt', 'Lt' operators, the value must be an integer";

/** Parameters with selectors that are none, and what the real kube-apiserver says of each. */
export const SELECTOR_FAULTS: readonly (readonly [parameter: string, selector: string, message: string])[] = [
  ...(
    [
      ['=b', "found '=', expected: !, identifier, or 'end of string'"],
      [',a', "found ',', expected: !, identifier, or 'end of string'"],
      ['a,,b', "found ',', expected: identifier after ','"],
      ['a=b,', "found '', expected: identifier after ','"],
      ['a=b c', "found 'c', expected: ',' or 'end of string'"],
      ['a in (b)c', "found 'c', expected: ',' or 'end of string'"],
      ['!', "unable to parse requirement: found '', expected: identifier"],
      ['a!b', "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"],
      ['a=),', "unable to parse requirement: found ')', expected: identifier"],
      ['a in b', "unable to parse requirement: found 'b' expected: '('"],
      ['a in (', "unable to parse requirement: found '', expected: ',', ')' or identifier"],
      ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
      ['a in (b,', "unable to parse requirement: found '', expected: ',', or identifier"],
      ['a in (b/c)', `unable to parse requirement: values[0][a]: Invalid value: "b/c": ${LABEL_RULE}`],
      ['a>b', `unable to parse requirement: values[0]: Invalid value: "b": ${NO_INTEGER}`],
      ['a<,c', `unable to parse requirement: values[0]: Invalid value: "": ${NO_INTEGER}`],
      ['a>-1', `unable to parse requirement: values[0][a]: Invalid value: "-1": ${LABEL_RULE}`],
      [
        'a>_',
        `unable to parse requirement: [values[0]: Invalid value: "_": ${NO_INTEGER}, values[0][a]: Invalid value: "_": ${LABEL_RULE}]`,
      ],
    ] as const
  ).map(([selector, message]) => ['labelSelector', selector, message] as const),
  ...(
    [
      ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
      ['metadata.name=a=b', 'invalid field selector: unescaped character in value: 61'],
      ['metadata.name=\\a', 'invalid field selector: invalid escape sequence: \\a'],
      ['metadata.name=a\\', 'invalid field selector: invalid escape sequence: \\'],
      ['spec.paused=true', 'field label not supported: spec.paused'],
      ['!=x', 'field label not supported: '],
    ] as const
  ).map(([selector, message]) => ['fieldSelector', selector, message] as const),
];
