export { parseBusEvent } from './parseBusEvent.js';
export { parseEventFilter } from './parseEventFilter.js';
export { ValidationError, type ValidationIssue } from './ValidationError.js';

export {
  busEventSchema,
  busEventSchemaOf,
  eventKindSchema,
  eventOriginSchema,
  eventRoutingSchema,
} from './busEventSchema.js';
export { eventFilterSchema } from './eventFilterSchema.js';
export {
  contentBlockSchema,
  costSchema,
  eventSchema,
  eventSchemas,
  permissionOptionSchema,
  planEntrySchema,
  toolCallContentSchema,
  toolCallLocationSchema,
} from './eventSchema.js';
export { uuidSchema } from './uuidSchema.js';
