import { Body, Controller, Headers, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { bearer, Public } from './auth.guard.ts';
import { Tokens } from './tokens.ts';
import { Users } from './users.ts';

const loginSchema = z.object({
  username: z.string().max(256), password: z.string().max(1024), organization_name: z.string().max(256).optional(),
});

@ApiTags('auth')
@Controller('api/auth')
export class AuthController {
  constructor(@Inject(Users) private readonly users: Users, @Inject(Tokens) private readonly tokens: Tokens) {}

  @Public() @Post('login') @HttpCode(200)
  @ApiOperation({ summary: 'Log in; the token goes into the Authorization header of all other calls' })
  @ApiBody({ schema: schemaOf(loginSchema) })
  async login(@Body() body: unknown): Promise<{ token: string; refresh_token: string }> {
    const { username, password, organization_name: organization = 'root' } = parseBody(loginSchema, body);
    const found = await this.users.authenticate(username, password);
    if (!found) throw new Problem(401, 'Unauthorized', 'Wrong user name or password');
    if (organization !== found.user.organization) throw new Problem(404, 'Not found', `organization ${organization} does not exist`);
    const claims = { sub: found.user.name, roles: found.user.roles, organization: found.user.organization };
    return { token: await this.tokens.issue('access', claims), refresh_token: await this.tokens.issue('refresh', claims) };
  }

  @Public() @Post('refresh') @HttpCode(200)
  @ApiOperation({ summary: 'A new access token for a refresh token' })
  async refresh(@Headers('authorization') authorization?: string): Promise<{ token: string }> {
    const claims = await this.tokens.check('refresh', bearer(authorization));
    if (!claims) throw new Problem(422, 'Unprocessable', 'Only refresh tokens are allowed');
    // Read anew: a user that was removed or lost a role does not keep it for thirty days.
    const found = await this.users.find(claims.sub);
    if (!found) throw new Problem(404, 'Not found', 'the user does not exist any more');
    return { token: await this.tokens.issue('access', { ...claims, roles: found.user.roles }) };
  }
}
