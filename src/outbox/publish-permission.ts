/** Permission of the hub to publish messages of a lane. It may depend on an announcement of the subdevice. */

export interface PublishPermission {
  /** Returns whether messages of the lane may be sent now. If not, the permission is requested. */
  readonly mayPublish: (lane: number) => boolean;
  /** Same as `mayPublish`, without a request. */
  readonly isReady: (lane: number) => boolean;
}

/** Permission at a hub that needs no announcements. */
export const PERMITTED: PublishPermission = { mayPublish: () => true, isReady: () => true };
