import { createNoopMeter } from '@opentelemetry/api';
import { SharingBus } from 'sharing-bus';
import { instrument } from 'sharing-bus/otel';

// As import.mts, with the oldest supported version of the OpenTelemetry API.
using bus = new SharingBus<string>();
const stop: () => void = instrument(bus, createNoopMeter(), { destination: 'notes', attributes: { region: 'north' } });
stop();
