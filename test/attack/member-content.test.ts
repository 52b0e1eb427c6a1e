// To a browser all clusters behind the gateway are one site. Were a member's answer to set cookies there, run scripts there, or speak for the whole site, the
// owner of one cluster could act as its visitors in all the others.
import { attack, without, type Guard } from './attack.ts';

const HEADERS = 'src/lib/headers.ts';
const COOKIES = without(
  HEADERS,
  "if (!options.keepCookies && (lower === 'set-cookie' || lower === 'set-cookie2')) continue;",
);
const ORIGIN = without(HEADERS, ' || ORIGIN_WIDE.has(lower)');
const SANDBOX = without(
  'src/gateway/proxy/answer-head.ts',
  "kept.push('Content-Security-Policy', 'sandbox');",
);

function answer(
  what: string,
  weakened: readonly [Guard, ...Guard[]],
  lines: readonly string[],
  harm: (head: string) => string | undefined,
): void {
  attack(`a member's answer with ${what}`, {
    weakened,
    attempt: async (after) => {
      const { BEARER, head, PROXY, say, startStage } = await import('./stage.ts');
      const stage = await startStage({
        answer: (_request, response) => response.writeHead(200, [...lines, 'Content-Length', '2']).end('ok'),
      });
      after(() => stage.close());
      return (
        harm(await say(stage.port, head(`${PROXY}/x`, [BEARER]))) ??
        harm(await say(stage.port, head('/cluster-a/x', [BEARER])))
      );
    },
  });
}

const shows =
  (pattern: RegExp) =>
  (head: string): string | undefined =>
    pattern.exec(head)?.[0];
const runs = (head: string): string | undefined =>
  /^content-security-policy: sandbox\r$/im.test(head) ? undefined : head;

answer('a cookie', [COOKIES], ['Set-Cookie', 'session=1; Path=/'], shows(/^set-cookie.*$/im));
answer(
  'a cookie in odd case',
  [COOKIES],
  ['sEt-cOoKiE', 'session=1; Path=/', 'Set-Cookie2', 'a=b'],
  shows(/^set-cookie.*$/im),
);
answer(
  'another server in its place (Alt-Svc)',
  [ORIGIN],
  ['Alt-Svc', 'h2="evil.example:443"; ma=99999999'],
  shows(/^alt-svc.*$/im),
);
answer(
  "an order to forget the site's state",
  [ORIGIN],
  ['Clear-Site-Data', '"*"'],
  shows(/^clear-site-data.*$/im),
);
answer(
  'a promise for the whole site',
  [ORIGIN],
  ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'],
  shows(/^strict-transport.*$/im),
);
answer(
  'a way around the redirects that are refused',
  [ORIGIN],
  ['Refresh', '0; url=https://evil.example/'],
  shows(/^refresh.*$/im),
);
answer(
  'leave for a script to serve the whole site',
  [ORIGIN],
  ['Service-Worker-Allowed', '/'],
  shows(/^service-worker-allowed.*$/im),
);
for (const type of [
  'text/html',
  'TEXT/HTML; charset=utf-8',
  'application/xhtml+xml',
  'image/svg+xml',
  'text/xml',
  'application/xml',
  'multipart/x-mixed-replace; boundary=a',
]) {
  answer(`a page as ${type}`, [SANDBOX], ['Content-Type', type], runs);
}
for (const type of [
  'application/json, text/html',
  'text/plain,text/html',
  'application/yaml , image/svg+xml',
  'application/json;x=", text/html',
  'application/json x, text/html',
  'text/plainer',
]) {
  answer(`a page behind data, as ${type}`, [SANDBOX], ['Content-Type', type], runs);
}
answer('a page that does not say what it is', [SANDBOX], [], runs);
answer(
  'a page and a policy of its own',
  [SANDBOX],
  ['Content-Type', 'text/html', 'Content-Security-Policy', 'sandbox allow-scripts allow-same-origin'],
  runs,
);
answer(
  'a page that says twice what it is',
  [SANDBOX],
  ['Content-Type', 'application/json', 'content-type', 'text/html'],
  runs,
);
