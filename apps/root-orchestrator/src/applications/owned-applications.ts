import { Inject, Injectable } from '@nestjs/common';
import type { Document } from '@oak/store';
import { reaches } from '../auth/access.ts';
import type { Claims } from '../auth/tokens.ts';
import { notFound } from '../http/problem.ts';
import { sharedWith } from '../organisations/shared-with.ts';
import { Root } from '../root.ts';
import type { ApplicationRecord } from './application-record.ts';

/** What a caller may see. Somebody else's looks like nothing at all. */
@Injectable()
export class OwnedApplications {
  constructor(@Inject(Root) private readonly root: Root) {}

  /** @throws Problem 404 */
  async get(id: string, caller: Claims): Promise<Document<ApplicationRecord>> {
    const found = await this.root.applications.get(id);
    if (!found || !reaches(caller, found.body)) throw notFound('application', id || '(applicationID is empty)');
    return found;
  }

  /** All within the scope of the route. */
  async all(caller: Claims): Promise<Document<ApplicationRecord>[]> {
    return (await this.root.applications.list()).filter(({ body }) => reaches(caller, body));
  }

  /** His own, and what others share with him; also of one who may see more. */
  async of({ sub: owner, organization: organisation }: Claims): Promise<Document<ApplicationRecord>[]> {
    const share = sharedWith({ owner, organisation });
    return (await this.root.applications.list()).filter(({ body }) => sharedWith(body) === share);
  }
}
