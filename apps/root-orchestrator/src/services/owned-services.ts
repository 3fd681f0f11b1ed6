import { Inject, Injectable } from '@nestjs/common';
import type { Document } from '@oak/store';
import { reaches } from '../auth/access.ts';
import type { Claims } from '../auth/tokens.ts';
import { notFound } from '../http/problem.ts';
import { Root } from '../root.ts';
import type { ServiceRecord } from './service-record.ts';

/** What a caller may see. Somebody else's looks like nothing at all. */
@Injectable()
export class OwnedServices {
  constructor(@Inject(Root) private readonly root: Root) {}

  /** @throws Problem 404 */
  async get(id: string, caller: Claims): Promise<Document<ServiceRecord>> {
    const service = await this.root.services.get(id);
    const visible = service && !service.body.deleting && reaches(caller, service.body);
    if (!visible) throw notFound('service', id);
    return service;
  }
}
