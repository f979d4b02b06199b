import { verify, type ChecksumAlgorithm } from '../bbb/checksum.js'

/** A customer of the gateway, recognised by whose secret signed the call. */
export interface Tenant {
  readonly id: string
  /** The first signs, all verify: that is how a secret is rotated. */
  readonly secrets: readonly string[]
}

/** The id of the one tenant that owns the gateway's `secrets`. */
export const DEFAULT_TENANT = 'default'

/** Says whose call it is. */
export class Tenants {
  constructor (
    private readonly tenants: readonly Tenant[],
    private readonly algorithms: readonly ChecksumAlgorithm[]
  ) {}

  /** The tenant under one of whose secrets the checksum is right; undefined if there is none. */
  signer (call: string, query: string, checksum: string): Tenant | undefined {
    for (const tenant of this.tenants) {
      for (const secret of tenant.secrets) {
        if (verify(call, query, checksum, secret, this.algorithms)) return tenant
      }
    }
    return undefined
  }

  /** The id of the tenant whose meeting an external id is. */
  ownerOf (_meetingID: string): string {
    return this.tenants[0]?.id ?? DEFAULT_TENANT
  }
}
