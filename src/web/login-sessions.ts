/** Sessions of browsers that have logged in. Only digests of their ids are kept, in RAM: a restart ends all sessions. */
import { createHash, randomBytes } from 'node:crypto';

/** Duration of a session: a working day. */
export const SESSION_MS = 12 * 3_600_000;
/** Largest number of sessions; a new login ends the oldest one. */
const SESSIONS_MAX = 32;
const ID_BYTES = 32;

export class LoginSessions {
  /** Digest of the id → end of the session, monotonic ms. */
  readonly #endsMs = new Map<string, number>();

  /** @returns the id of the new session */
  begin(nowMs: number): string {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const [oldest] = this.#endsMs.keys();
    if (this.#endsMs.size >= SESSIONS_MAX && oldest !== undefined) this.#endsMs.delete(oldest);
    this.#endsMs.set(digestOf(id), nowMs + SESSION_MS);
    return id;
  }

  isValid(id: string, nowMs: number): boolean {
    const digest = digestOf(id);
    const endMs = this.#endsMs.get(digest);
    if (endMs === undefined) return false;
    if (nowMs < endMs) return true;
    this.#endsMs.delete(digest);
    return false;
  }

  end(id: string): void {
    this.#endsMs.delete(digestOf(id));
  }
}

function digestOf(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
