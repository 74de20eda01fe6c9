/**
 * A gateway of the same parts as the product, with another store, for the negative controls: its command line ends
 * with the path of the configuration, as that of the product.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Gateway } from '../../src/app/gateway.ts';
import type { GatewayParts } from '../../src/app/gateway-parts.ts';
import { openerFor } from '../../src/app/hub-opener.ts';
import { openGateway } from '../../src/app/open-gateway.ts';
import { viewOf } from '../../src/app/view.ts';
import { newFacts } from '../../src/base/events.ts';
import { parseConfig } from '../../src/config/parse.ts';
import type { Config } from '../../src/config/schema.ts';
import { systemClock } from '../../src/io/clock.ts';
import { configMarkOf } from '../../src/io/config-file.ts';
import { RenewedSecret } from '../../src/io/secret-file.ts';
import { ReadTurns } from '../../src/io/serial/read-turns.ts';
import { openTty } from '../../src/io/serial/tty.ts';
import { startControl } from '../../src/ops/api/control.ts';
import { CONFIRMED, configReportOf } from '../../src/ops/reports/config-report.ts';
import { Inspector } from '../../src/ops/reports/inspect.ts';
import type { OpenStore } from '../../src/ports.ts';
import { Mailbox } from '../../src/runtime/mailbox.ts';
import { STORE_FILE } from '../../src/store/state-files.ts';

/** @param storeAt opens the store of that path; @param alter other changes; @param watch observes */
export async function runAlteredGateway(
  storeAt: (path: string) => OpenStore,
  alter: (config: Config) => Partial<GatewayParts> = () => ({}),
  watch: (gateway: Gateway) => void = () => undefined,
): Promise<void> {
  const configPath = process.argv.at(-1) ?? '';
  const text = readFileSync(configPath, 'utf8');
  const parsed = parseConfig(text);
  if (!parsed.ok) fail(parsed.problems);
  const { config } = parsed;
  const { hub } = config;
  const { clientId } = hub;
  const surroundings = { clock: systemClock(), facts: newFacts() };
  const { open } = await openerFor(
    { ...surroundings, hub, closeMsMax: 2000 },
    (read) => new RenewedSecret(read, () => undefined),
  );
  mkdirSync(config.gateway.stateDir, { recursive: true });
  const storePath = join(config.gateway.stateDir, STORE_FILE);
  const turns = new ReadTurns();
  const gateway = await openGateway({
    config,
    ...surroundings,
    random: Math.random,
    mailbox: new Mailbox(fail),
    openStore: storeAt(storePath),
    openHub: open,
    openLink: (link) => openTty({ ...link, turns, openMsMax: 5000, closeMsMax: 2000, queuedBytesMax: 256 * 1024 }),
    credentials: () => ({ clientId, username: undefined, password: undefined }),
    onStoreFailed: fail,
    ...alter(config),
  });
  watch(gateway);
  const noTrouble = { tlsFilesTrouble: () => undefined, secretTrouble: () => undefined, accessTroubles: () => [] };
  const inspection = new Inspector({
    gateway: viewOf(gateway),
    version: 'unsafe',
    configPath: resolve(configPath),
    configMark: () => configMarkOf(text),
    configReport: () =>
      configReportOf(
        {
          configPath: resolve(configPath),
          source: { readFile: () => text, parse: parseConfig },
          read: () => text,
          hub: null,
        },
        { ...parsed, mark: configMarkOf(text) },
        CONFIRMED,
      ),
    configState: () => CONFIRMED,
    storePath,
    ...noTrouble,
  });
  await startControl({ socketPath: config.gateway.controlSocket, inspection });
  process.once('SIGTERM', () => void gateway.stop('SIGTERM').then(() => process.exit(0)));
  gateway.start();
}

function fail(error: unknown): never {
  console.error(error);
  process.exit(1);
}
