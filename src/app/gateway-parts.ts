/** Parts from outside of which a gateway is built: its configuration, its ports and its functions of the system. */
import type { Facts } from '../base/events.ts';
import type { MachineEvidence } from '../base/machine-identity.ts';
import type { MessageMark } from '../base/message-mark.ts';
import type { Random } from '../base/random.ts';
import type { Config, LinkConfig } from '../config/schema.ts';
import type {
  Clock,
  FirmwareStorage,
  NoteFile,
  OpenChannel,
  OpenStore,
  PortCare,
  StoreListener,
  TimeService,
  TopicMemory,
} from '../ports.ts';
import type { Mailbox } from '../runtime/mailbox.ts';
import type { CredentialParts } from './machines.ts';

export interface GatewayParts extends CredentialParts {
  /** Configuration at the start; `Gateway.config` is the present one. */
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly facts: Facts;
  readonly mailbox: Mailbox;
  readonly openStore: OpenStore;
  readonly openHub: OpenChannel;
  readonly openLink: (link: LinkConfig) => OpenChannel;
  /** Recovery steps for the port of a link. If `careOf` is absent, no recovery step runs. */
  readonly careOf?: (link: LinkConfig) => PortCare;
  /** Reports when the wall clock was synchronised. Without it the clock is never trusted. */
  readonly timeService?: TimeService | undefined;
  /** Version of the program, for the firmware report at the hub. */
  readonly version?: string | undefined;
  /** Device secrets of subdevices, by id. Used for `bind`. */
  readonly subdeviceSecrets?: ReadonlyMap<string, string> | undefined;
  /** Reads the evidence of this machine, once the store exists. Absent: the owner of the store is not checked. */
  readonly readMachine?: (() => MachineEvidence) | undefined;
  /** Monotonic ms since which the previous process is known not to have spoken to the hub; absent: unknown. */
  readonly silentSinceMs?: number | undefined;
  /** Topics with retained messages of the gateway. Absent: topics of earlier processes are not known. */
  readonly topicMemory?: TopicMemory | undefined;
  /** File for what the links learn about devices. Absent: learned again after each start. */
  readonly noteFile?: NoteFile | undefined;
  /** Firmware of subdevices on the disk. Absent: no firmware updates. */
  readonly firmwareStorage?: FirmwareStorage | undefined;
  /** Messages on which an earlier process ended. */
  readonly marks?: readonly MessageMark[];
  readonly unstoredBytesMax?: number; // in RAM (`stations.ts`); set in tests only
  /** Called when the storage cannot be trusted. The caller must end the process; nothing is acknowledged any more. */
  readonly onStoreFailed: StoreListener['failed'];
}
