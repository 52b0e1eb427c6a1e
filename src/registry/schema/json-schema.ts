import { z } from 'zod';

/** A schema object of OpenAPI v3.0 in the structural form that a CRD wants. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

const INT32_MAX = 2 ** 31 - 1;

/** The structural JSON schema of a zod schema: no `additionalProperties`, `format` for integers instead of their range's ends. */
export function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema.type !== 'integer') return;
      if (jsonSchema.maximum === INT32_MAX) jsonSchema.format ??= 'int32';
      if (jsonSchema.maximum === INT32_MAX || jsonSchema.maximum === Number.MAX_SAFE_INTEGER) {
        delete jsonSchema.maximum;
      }
      if (jsonSchema.minimum === -INT32_MAX - 1 || jsonSchema.minimum === Number.MIN_SAFE_INTEGER) {
        delete jsonSchema.minimum;
      }
    },
  }) as JsonSchema;
}
