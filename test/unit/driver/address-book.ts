/** Answers to a machine in tests may leave out the subdevice: it is the one whose report carried the token. */
import type { DriverCommand, LinkAction, LinkInput, RefuseReason } from '../../../src/driver/driver.ts';

/** Command that acknowledges or confirms one report. */
export function positive(kind: 'acknowledge' | 'confirm', subdevice: string, token: number): DriverCommand {
  return kind === 'confirm' ? { kind, subdevice, token } : { kind, uplinks: [{ subdevice, token }] };
}

type Answer =
  | { readonly kind: 'acknowledge' | 'confirm'; readonly token: number }
  | { readonly kind: 'refuse'; readonly token: number; readonly why: RefuseReason };
/** Input of a machine, or an answer without its subdevice. */
export type Unaddressed = LinkInput | Answer;

export class AddressBook {
  readonly #subdevices = new Map<number, string>();

  note(action: LinkAction): void {
    if ('subdevice' in action && 'token' in action && action.token !== undefined && action.subdevice !== undefined)
      this.#subdevices.set(action.token, action.subdevice);
  }

  /** @returns the input with its subdevice; a token that no report carried is of no subdevice */
  addressed(input: Unaddressed): LinkInput {
    switch (input.kind) {
      case 'acknowledge':
        return 'uplinks' in input ? input : positive(input.kind, this.#ownerOf(input.token), input.token);
      case 'confirm':
        return 'subdevice' in input ? input : positive(input.kind, this.#ownerOf(input.token), input.token);
      case 'refuse':
        return 'subdevice' in input ? input : { ...input, subdevice: this.#ownerOf(input.token) };
      default:
        return input;
    }
  }

  #ownerOf(token: number): string {
    return this.#subdevices.get(token) ?? '';
  }
}
