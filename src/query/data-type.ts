/** In charge of what the data plane knows about a Postgres type: its name and how its values become JSON and back. */
import { arrayEncoder } from "./encode-array.ts";
import {
  type ValueEncoder,
  writeBoolean,
  writeFloat,
  writeJson,
  writeText,
  writeVerbatim,
} from "./encode-value.ts";

export interface DataType {
  /** `typname`: int4, timestamptz, _text for an array of text. */
  name: string;
  writeValue: ValueEncoder;
  isJson: boolean;
  /** Of an array: the type of its elements and what stands between them. */
  array?: { element: DataType; delimiter: string };
}

const encoders: Record<string, ValueEncoder> = {
  bool: writeBoolean,
  int2: writeVerbatim,
  int4: writeVerbatim,
  float4: writeFloat,
  float8: writeFloat,
  json: writeJson,
  jsonb: writeVerbatim,
};

/** A type of which nothing is known but its name: its values are text. */
const scalarType = (name: string): DataType => ({
  name,
  writeValue: encoders[name] ?? writeText,
  isJson: name === "json" || name === "jsonb",
});

/** A type of the user's own, which may have the name of a built-in one. */
export const textType = (name: string): DataType => ({ name, writeValue: writeText, isJson: false });

export const arrayType = (name: string, element: DataType, delimiter: string): DataType => ({
  name,
  writeValue: arrayEncoder(element.writeValue, delimiter),
  isJson: false,
  array: { element, delimiter },
});

/** Fixed in every Postgres: OID, name, OID of the array if there is one. */
const builtins = `
16 bool 1000, 17 bytea 1001, 18 char 1002, 19 name 1003, 20 int8 1016, 21 int2 1005, 22 int2vector 1006, 23 int4 1007,
24 regproc 1008, 25 text 1009, 26 oid 1028, 27 tid 1010, 28 xid 1011, 29 cid 1012, 30 oidvector 1013, 114 json 199,
142 xml 143, 600 point 1017, 601 lseg 1018, 602 path 1019, 603 box 1020, 604 polygon 1027, 628 line 629, 650 cidr 651,
700 float4 1021, 701 float8 1022, 718 circle 719, 774 macaddr8 775, 790 money 791, 829 macaddr 1040, 869 inet 1041,
1033 aclitem 1034, 1042 bpchar 1014, 1043 varchar 1015, 1082 date 1182, 1083 time 1183, 1114 timestamp 1115,
1184 timestamptz 1185, 1186 interval 1187, 1266 timetz 1270, 1560 bit 1561, 1562 varbit 1563, 1700 numeric 1231,
1790 refcursor 2201, 705 unknown, 2278 void, 2202 regprocedure 2207, 2203 regoper 2208, 2204 regoperator 2209, 2205 regclass 2210,
2206 regtype 2211, 2249 record 2287, 2275 cstring 1263, 2950 uuid 2951, 2970 txid_snapshot 2949, 3220 pg_lsn 3221,
3614 tsvector 3643, 3615 tsquery 3645, 3734 regconfig 3735, 3769 regdictionary 3770, 3802 jsonb 3807,
3904 int4range 3905, 3906 numrange 3907, 3908 tsrange 3909, 3910 tstzrange 3911, 3912 daterange 3913,
3926 int8range 3927, 4072 jsonpath 4073, 4089 regnamespace 4090, 4096 regrole 4097, 4191 regcollation 4192,
4451 int4multirange 6150, 4532 nummultirange 6151, 4533 tsmultirange 6152, 4534 tstzmultirange 6153,
4535 datemultirange 6155, 4536 int8multirange 6157, 5038 pg_snapshot 5039, 5069 xid8 271`;

export const builtinTypes: ReadonlyMap<number, DataType> = new Map(
  builtins.split(",").flatMap((entry): [number, DataType][] => {
    const [oid, name, arrayOid] = entry.trim().split(" ") as [string, string, string | undefined];
    const type = scalarType(name);
    if (arrayOid === undefined) return [[Number(oid), type]];
    return [
      [Number(oid), type],
      [Number(arrayOid), arrayType(`_${name}`, type, name === "box" ? ";" : ",")],
    ];
  }),
);
