/**
 * Read-only view of the running gateway for reports, conditions and recordings. `app/` provides it; an observer does
 * not know how the gateway is composed. Nothing here changes the gateway, except that an operator may release packets
 * that are set aside.
 */
import type { Facts } from '../base/events.ts';
import type { FirmwareView } from '../base/firmware.ts';
import type { Direction } from '../base/message.ts';
import type { Age, Stamp } from '../base/time.ts';
import type { Committer } from '../commit/committer.ts';
import type { Config } from '../config/schema.ts';
import type { Custodian } from '../custody/custodian.ts';
import type { StoreOpening } from '../custody/row.ts';
import type { BacklogControl } from '../flow/backlog-control.ts';
import type { HubConnection } from '../flow/hub-connection.ts';
import type { HubSessionMonitor } from '../flow/hub-session-monitor.ts';
import type { Intake } from '../flow/intake.ts';
import type { Links } from '../flow/links.ts';
import type { Losses } from '../flow/losses.ts';
import type { Presence } from '../flow/presence.ts';
import type { SetAside } from '../flow/set-aside.ts';
import type { StoreOwner } from '../flow/store-owner.ts';
import type { HubSubscriptions } from '../flow/subscriptions.ts';
import type { TopicFallbacks } from '../flow/topic-fallbacks.ts';
import type { WallClock } from '../flow/wall-clock.ts';
import type { GatewayOperations } from '../hub/gateway/gateway-operations.ts';
import type { HubServices } from '../hub/gateway/hub-service.ts';
import type { HubSessionState } from '../hub/session/session-state.ts';
import type { AlarmTopics } from '../outbox/alarm-topics.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock, Store } from '../ports.ts';
import type { Inbox } from '../subdevices/inbox.ts';
import type { SubdeviceRegistry } from '../subdevices/registry.ts';

export interface GatewayView {
  readonly config: Config;
  readonly clock: Clock;
  readonly facts: Facts;
  readonly store: Pick<Store, 'tally' | 'letters' | 'messages' | 'history' | 'page' | 'progress'>;
  /** Results of opening the store. */
  readonly opening: StoreOpening;
  readonly committer: Pick<Committer, 'commits' | 'fullSinceMs' | 'overdueSinceMs' | 'pace'>;
  readonly uplinks: Custodian;
  readonly downlinks: Custodian;
  custodian(direction: Direction): Custodian;
  readonly losses: Pick<Losses, 'rows'>;
  readonly outbox: Pick<
    Outbox,
    | 'classOf'
    | 'isConnected'
    | 'isHalted'
    | 'obstaclesOf'
    | 'ackHealth'
    | 'poison'
    | 'pacer'
    | 'payloads'
    | 'roundTrips'
    | 'recentRoundTrips'
    | 'unansweredSinceMs'
  >;
  readonly topicFallbacks: Pick<TopicFallbacks, 'count' | 'last'>;
  readonly inbox: Pick<Inbox, 'deliveryOf'>;
  readonly alarmTopics: Pick<AlarmTopics, 'isSettled'>;
  readonly backlog: Pick<BacklogControl, 'state'>;
  readonly registry: Pick<SubdeviceRegistry, 'all' | 'byId' | 'byLane' | 'wantedFilters'>;
  /** True if the configuration has the subdevice, or allows unknown ones. */
  isConfigured(subdevice: string): boolean;
  readonly presence: Pick<Presence, 'disconnected' | 'unlisted'>;
  readonly intake: Pick<Intake, 'tallies'>;
  readonly owner: Pick<StoreOwner, 'isHeld' | 'differences'>;
  /** Inputs on which a machine threw an error. */
  readonly setAside: Pick<SetAside, 'report'>;
  readonly links: Pick<Links, 'states' | 'lineErrors'>;
  readonly hub: Pick<HubConnection, 'client' | 'recorder' | 'status' | 'isUp'>;
  readonly session: HubSessionState;
  readonly watch: Pick<HubSessionMonitor, 'away' | 'replay' | 'tracker'>;
  readonly subscriptions: HubSubscriptions;
  readonly services: Pick<HubServices, 'filters'>;
  /** Gateway operations of the hub. `undefined`: the hub has none. */
  readonly operations: GatewayOperations | undefined;
  /** Firmware of the subdevices; empty: firmware updates are off. */
  firmware(): readonly FirmwareView[];
  /** Returns why the newest records of firmware are not durable. `undefined`: they are, or there are none. */
  firmwareUnstored(): string | undefined;
  readonly wallClock: WallClock;
  /** Current time, as stored in rows. */
  stamp(): Stamp;
  age(stamp: Stamp): Age;
}
