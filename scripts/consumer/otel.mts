import { createNoopMeter } from '@opentelemetry/api';
import { SharingBus } from 'sharing-bus';
import { instrument } from 'sharing-bus/otel';

// As import.mts, for those who have the API of OpenTelemetry, in its oldest version that will do.
using bus = new SharingBus<string>();
const stop: () => void = instrument(bus, createNoopMeter(), { destination: 'notes', attributes: { region: 'north' } });
stop();
