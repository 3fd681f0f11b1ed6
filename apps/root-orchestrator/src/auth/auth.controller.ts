import { Body, Controller, Get, Headers, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { bearer } from './auth.guard.ts';
import { Address, Caller } from './claims.decorator.ts';
import { KeyRing } from './key-ring.ts';
import { Logins } from './logins.ts';
import { Sessions } from './sessions.ts';
import type { Claims } from './tokens.ts';

const loginSchema = z.object({
  username: z.string().max(256), password: z.string().max(1024), organization_name: z.string().max(256).optional().describe('Default: root, or one that the user belongs to'),
  /** As Oakestra's own description calls it. */
  organization: z.string().max(256).optional(),
});

@ApiTags('auth')
@Controller()
export class AuthController {
  constructor(@Inject(Logins) private readonly logins: Logins, @Inject(Sessions) private readonly sessions: Sessions, @Inject(KeyRing) private readonly keys: KeyRing) {}

  @Post('api/auth/login') @HttpCode(200)
  @ApiOperation({ summary: 'Log in; the token goes into the Authorization header of all other calls' })
  @ApiBody({ schema: schemaOf(loginSchema) })
  async login(@Body() body: unknown, @Address() address: string): Promise<unknown> {
    const { username, password, organization_name: name, organization } = parseBody(loginSchema, body);
    const { passwordExpiresAtMs, ...tokens } = await this.logins.login({ username, password, organisation: name ?? organization, address });
    return { ...tokens, ...(passwordExpiresAtMs !== undefined && { password_to_be_changed_by: new Date(passwordExpiresAtMs).toISOString() }) };
  }

  @Post('api/auth/refresh') @HttpCode(200) @ApiBearerAuth()
  @ApiOperation({ summary: 'A new access token for a refresh token, and the refresh token to use next. One that was replaced and is shown again ends the login' })
  refresh(@Headers('authorization') authorization?: string): Promise<unknown> {
    return this.logins.refresh(bearer(authorization));
  }

  @Post('api/auth/logout') @HttpCode(200) @ApiBearerAuth()
  @ApiOperation({ summary: 'End this login: all its tokens are refused from now on' })
  async logout(@Caller() caller: Claims): Promise<object> {
    await this.sessions.close(caller.session);
    return {};
  }

  @Post('api/auth/keys') @HttpCode(200) @ApiBearerAuth()
  @ApiOperation({ summary: 'Sign tokens with a new key from now on; tokens of the one before are good until they end (Admin)' })
  async rotate(): Promise<object> {
    await this.keys.rotate();
    return this.keys.publicKeys();
  }

  @Get('.well-known/jwks.json')
  @ApiOperation({ summary: 'The public keys that check tokens (RFC 7517)' })
  jwks(): object {
    return this.keys.publicKeys();
  }
}
