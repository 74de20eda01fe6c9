/**
 * Doubt about a request with an invalid text on a line without checksum: a flipped bit can make a valid text invalid, and
 * a client takes a rejection as final. So the first such request stays unanswered, and the client repeats it (MQTT-SN 1.2
 * §6.13). Damage does not repeat itself: a repetition with the same text is invalid in the client, and is rejected.
 */
export class DamageDoubt {
  private readonly isLineChecked: boolean;
  /** Last request with an invalid text. */
  private last: string | undefined;

  constructor(isLineChecked: boolean) {
    this.isLineChecked = isLineChecked;
  }

  /** Returns true if the line may have damaged this request. @param request its type, message id and text */
  mayBeDamaged(request: string): boolean {
    if (this.isLineChecked || this.last === request) return false;
    this.last = request;
    return true;
  }
}
