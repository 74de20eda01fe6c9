/** `holdfast acknowledge-loss`: the technician has seen what the store lost. */
import { EXIT } from '../base/fault.ts';
import { give } from '../ops/api/control-client.ts';
import { type CommandContext, printJson } from './context.ts';
import { locateGateway } from './location.ts';

/** @throws Fault `order-refused` if there is none */
export async function acknowledgeLoss(context: CommandContext): Promise<number> {
  const { controlSocket } = await locateGateway(context);
  const answer = await give(controlSocket, 'loss.acknowledge', {});
  if (context.asJson) printJson(context, answer);
  else
    context.terminal.print('Acknowledged: the loss is not shown any more. The ledger goes on counting it as damaged.');
  return EXIT.ok;
}
