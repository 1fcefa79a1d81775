/** A payload of the soak. */
export interface SoakPayload {
  /** The run of the publisher, and the number of the event in it. */
  readonly name: string;
  readonly pad: string;
  readonly type: 'Said' | 'SessionRegistered';
  readonly connectorId?: string;
  readonly sessionId?: string;
  readonly scrollId?: string;
}
