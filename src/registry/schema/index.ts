export { COLUMNS } from './columns.ts';
export { registrationCrd } from './crd.ts';
export { toJsonSchema, type JsonSchema } from './json-schema.ts';
export { jsonPatch } from './json-patch.ts';
export { goTypeName, isJsonObject, mergePatch, type JsonObject } from './json-value.ts';
export { labelValueFault, qualifiedNameFault } from './metadata.ts';
export { faultOf, invalidValue } from './faults.ts';
export { CLUSTER, REGISTRATION, registrationSchema, specSchema, statusSchema } from './registration.ts';
export {
  invalid,
  parseRegistration,
  readMetadata,
  unknownFields,
  type ParsedRegistration,
} from './validate.ts';
