import { describeTunnel } from '../contract/tunnel-suite.ts';
import { createMemoryPair } from './memory-pair.ts';

describeTunnel('in memory', async (options) => {
  const pair = createMemoryPair({
    hub: {
      ...(options.hubAccept ? { accept: options.hubAccept } : {}),
      ...(options.hubLimits ? { limits: options.hubLimits } : {}),
    },
    agent: {
      ...(options.accept ? { accept: options.accept } : {}),
      ...(options.agentLimits ? { limits: options.agentLimits } : {}),
    },
  });
  await pair.ready;
  return {
    hub: pair.hub,
    agent: pair.agent,
    kill: () => pair.kill(),
    close: () => pair.close(),
    leaks: () => pair.leaks(),
  };
});
