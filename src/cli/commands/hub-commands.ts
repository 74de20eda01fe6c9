/** Commands for bindings and subscriptions at the hub. */
import type { Command } from 'commander';
import type { Add } from './add-command.ts';

export function addHub(add: Add, program: Command): void {
  const hub = program.command('hub').description('Commands for bindings and subscriptions at the hub');
  for (const verb of ['bind', 'unbind'] as const) {
    add(
      `${verb} <ids...>`,
      verb === 'bind' ? 'Bind subdevices to this gateway at the hub' : 'Unbind subdevices from this gateway at the hub',
      async ({ context, words }) => (await import('../hub.ts')).changeBindings(context, verb, words),
      hub,
    );
  }
  add(
    'describe',
    'Compare the subdevices bound at the hub with the configured ones',
    async ({ context }) => (await import('../hub.ts')).describeBindings(context),
    hub,
  );
  const subscriptions = add(
    'subscriptions',
    'List subscriptions at the hub, and packets on which the hub closes the connection',
    async ({ context }) => (await import('../hub-subscriptions.ts')).showHubSubscriptions(context),
    hub,
  );
  add(
    'release <names...>',
    'Send set-aside packets again, by filter or topic',
    async ({ context, words }) => (await import('../hub-subscriptions.ts')).releasePackets(context, words),
    subscriptions,
  );
}
