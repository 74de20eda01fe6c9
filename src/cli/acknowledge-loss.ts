/** `holdfast acknowledge-loss`: marks messages lost by the store, or possibly lost by a hang, as handled. */
import { EXIT } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';

/** @throws Fault `command-rejected` if there is no loss */
export async function acknowledgeLoss(context: CommandContext): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  await give(controlSocket, 'loss.acknowledge', {});
  if (context.asJson) printJson(context, 'acknowledged', { acknowledged: true });
  else
    context.terminal.print(
      'Acknowledged. A loss of the store is no longer shown as a condition; the ledger still counts it as damaged. A hang is shown for 24 h, and no longer as a loss.',
    );
  return EXIT.ok;
}
