/** Opens the store of a gateway, and builds the gateway on it. */
import { Gateway } from './gateway.ts';
import type { GatewayParts } from './gateway-parts.ts';

/** Opens the store and builds everything on it. Rejects with a Fault. Nothing runs before `start`. */
export async function openGateway(parts: GatewayParts): Promise<Gateway> {
  const { mailbox } = parts;
  const receipts: { gateway?: Gateway } = {};
  const { store, opening } = await parts.openStore({
    committed: (batch, historyBytes) => mailbox.post(() => receipts.gateway?.committed(batch, historyBytes)),
    full: (batch) => mailbox.post(() => receipts.gateway?.stations.committer.full(batch)),
    failed: parts.onStoreFailed,
  });
  const gateway = new Gateway(parts, store, opening);
  receipts.gateway = gateway;
  return gateway;
}
