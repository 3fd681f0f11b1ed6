import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { roles } from '../auth/access.ts';
import { Caller } from '../auth/claims.decorator.ts';
import { Sessions } from '../auth/sessions.ts';
import type { Claims } from '../auth/tokens.ts';
import { notFound } from '../http/problem.ts';
import { afterQuery, limitQuery, paged, pageSchema, type Replier } from '../http/pages.ts';
import { parseBody, schemaOf } from '../http/parse-body.ts';
import { Accounts } from './accounts.ts';
import { ResetPost } from './reset-post.ts';
import { userView } from './user-view.ts';
import { Users } from './users.ts';

/** Not an id, and not `me`, which both stand for users in paths. */
const nameSchema = z.string().regex(/^(?!me$)(?![0-9a-f]{24}$)[A-Za-z0-9._@+-]{1,58}$/, 'expected 1 to 58 letters, digits, . _ @ + or -, not "me" and not like an id');
const passwordSchema = z.string().max(1_024);
const rolesSchema = z.array(z.enum(roles)).max(roles.length);
const emailSchema = z.string().max(320);
const registerSchema = z.object({ name: nameSchema, password: passwordSchema, email: emailSchema.default(''), created_at: z.string().max(64).optional(), roles: rolesSchema.default([]) });
/** Clients send back the whole document that they were given; what is not named here is left alone. An empty password is none. */
const changeSchema = z.object({ email: emailSchema.optional(), roles: rolesSchema.optional().describe('In the organisation of the caller'), password: passwordSchema.optional().describe('Of somebody else (Admin); he is to change it within a day') });
const passwordChangeSchema = z.object({ oldPassword: passwordSchema, newPassword: passwordSchema });
const forgottenSchema = z.object({ username: z.string().max(256), domain: z.string().max(1_024).optional() });
const resetSchema = z.object({ token: z.string().max(256), password: passwordSchema });

@ApiTags('users')
@Controller('api')
export class UsersController {
  constructor(@Inject(Users) private readonly users: Users, @Inject(Accounts) private readonly accounts: Accounts, @Inject(Sessions) private readonly sessions: Sessions, @Inject(ResetPost) private readonly post: ResetPost) {}

  @Post('auth/register') @HttpCode(200) @ApiBearerAuth()
  @ApiOperation({ summary: 'Make a user, a member of the organisation of the caller with these roles there (Admin, Organization_Admin)' })
  @ApiBody({ schema: schemaOf(registerSchema) })
  async register(@Body() body: unknown, @Caller() caller: Claims): Promise<unknown> {
    const { name, password, email, created_at: createdAt, roles: given } = parseBody(registerSchema, body);
    return userView(await this.accounts.register({ name, password, email, createdAt }, given, caller), given);
  }

  @Get('user/:username') @ApiBearerAuth()
  @ApiOperation({ summary: 'One user, with the roles in the organisation of the caller; everybody sees himself' })
  async one(@Param('username') name: string, @Caller() caller: Claims): Promise<unknown> {
    const { user, roles: held } = await this.accounts.get(name, caller);
    return userView(user, held);
  }

  @Get('permission/:username') @ApiBearerAuth()
  @ApiOperation({ summary: 'The roles of a user in the organisation of the caller' })
  async permission(@Param('username') name: string, @Caller() caller: Claims): Promise<unknown> {
    return { roles: (await this.accounts.get(name, caller)).roles };
  }

  @Get('users') @ApiBearerAuth()
  @ApiOperation({ summary: 'All users (Admin), or those of the own organisation (Organization_Admin)' })
  @ApiQuery(limitQuery) @ApiQuery(afterQuery)
  async all(@Caller() caller: Claims, @Query() query: unknown, @Req() request: { url: string }, @Res({ passthrough: true }) reply: Replier): Promise<unknown> {
    const known = (await this.accounts.all(caller)).map((one) => ({ id: one.user.id, ...one }));
    return paged(known, parseBody(pageSchema, query), request, reply).map(({ user, roles: held }) => userView(user, held));
  }

  @Get('users/:organisation') @ApiBearerAuth()
  @ApiOperation({ summary: 'The members of an organisation, with their roles there' })
  async ofOrganisation(@Param('organisation') organisation: string, @Caller() caller: Claims): Promise<unknown> {
    return (await this.accounts.of(organisation, caller)).map(({ user, roles: held }) => userView(user, held));
  }

  @Put('user/:username') @ApiBearerAuth()
  @ApiOperation({ summary: 'Change a user; what is not given stays. His own e-mail address everybody, roles those who may, the password of others an Admin' })
  @ApiBody({ schema: schemaOf(changeSchema) })
  async change(@Param('username') name: string, @Body() body: unknown, @Caller() caller: Claims): Promise<string> {
    const { password, ...change } = parseBody(changeSchema, body);
    await this.accounts.change(name, { ...change, ...(password && { password }) }, caller);
    return JSON.stringify('ok');
  }

  @Delete('user/:username') @ApiBearerAuth()
  @ApiOperation({ summary: 'Remove a user (Admin), or take him out of the own organisation (Organization_Admin). Answers with those who are left' })
  async remove(@Param('username') name: string, @Caller() caller: Claims): Promise<unknown> {
    await this.accounts.remove(name, caller);
    return (await this.accounts.all(caller)).map(({ user, roles: held }) => userView(user, held));
  }

  @Post('user/:username') @HttpCode(200) @ApiBearerAuth()
  @ApiOperation({ summary: 'Change the own password; other logins of the same user end' }) @ApiParam({ name: 'username', description: 'The own one' })
  @ApiBody({ schema: schemaOf(passwordChangeSchema) })
  async changePassword(@Body() body: unknown, @Caller() caller: Claims): Promise<object> {
    const { oldPassword, newPassword } = parseBody(passwordChangeSchema, body);
    const user = await this.users.get(caller.userId);
    if (!user) throw notFound('user', caller.sub);
    await this.users.changePassword(user, oldPassword, newPassword);
    await this.sessions.closeAllOf(user.id, caller.session);
    return {};
  }

  @Post('user/:username/reset') @HttpCode(200) @ApiBearerAuth()
  @ApiOperation({ summary: 'A token by which a user who forgot his password chooses a new one, to be handed to him (Admin)' })
  async beginReset(@Param('username') name: string, @Caller() caller: Claims): Promise<unknown> {
    const { token, expiresAtMs } = await this.accounts.beginReset(name, caller);
    return { token, expires_at: new Date(expiresAtMs).toISOString() };
  }

  @Post('user') @HttpCode(200)
  @ApiOperation({ summary: 'Forgot the password: a token is sent to the user. The answer is the same whoever asks for whom' })
  @ApiBody({ schema: schemaOf(forgottenSchema) })
  forgotten(@Body() body: unknown): object {
    this.post.ask(parseBody(forgottenSchema, body).username);
    return {};
  }

  @Put('user') @HttpCode(200)
  @ApiOperation({ summary: 'Choose a new password by such a token; all logins of the user end' })
  @ApiBody({ schema: schemaOf(resetSchema) })
  async reset(@Body() body: unknown): Promise<object> {
    const { token, password } = parseBody(resetSchema, body);
    await this.sessions.closeAllOf(await this.users.finishReset(token, password));
    return {};
  }
}
