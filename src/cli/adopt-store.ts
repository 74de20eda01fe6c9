/** `holdfast adopt`: makes this machine the owner of a store that was written on another one. */
import { EXIT } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';

/** @throws Fault `command-rejected` if the store belongs to this machine already */
export async function adoptStore(context: CommandContext): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  await give(controlSocket, 'store.adopt', {});
  if (context.asJson) printJson(context, 'adopted', { adopted: true });
  else
    context.terminal.print(
      'Adopted. This machine owns the store now; the gateway connects to the hub and delivers the waiting downlinks. Never start the other machine with the old card again.',
    );
  return EXIT.ok;
}
