import fengari, { type LuaState } from 'fengari';
import { ReplyError, Status, type Reply } from './redis-reply.js';

const { lua, lauxlib, lualib, to_luastring } = fengari;

/** Runs a command for a script. @throws ReplyError */
type RedisCall = (words: string[]) => Reply;

/**
 * Scripts as Redis runs them, in one Lua state for the whole process; each is compiled once. Redis has Lua 5.1, whose numbers
 * are all doubles, while fengari is Lua 5.3 with integers of 32 bits: every number that a script can get hold of, its
 * own small literals and lengths apart, is therefore made a double.
 */
export class LuaRuntime {
  private readonly state = lauxlib.luaL_newstate();
  private readonly compiled = new Map<string, number>();
  private call: RedisCall = noCall;
  /** Thrown inside a script by something else than Redis: a mistake of the model, for whoever runs the script. */
  private bug: { readonly error: unknown } | undefined;

  constructor() {
    this.open('_G', lualib.luaopen_base);
    this.open('string', lualib.luaopen_string);
    this.open('table', lualib.luaopen_table);
    this.open('math', lualib.luaopen_math);
    const { state } = this;
    lua.lua_pushcfunction(state, tonumber);
    lua.lua_setglobal(state, to_luastring('tonumber'));
    lua.lua_settop(state, 0);
    lua.lua_getfield(state, lua.LUA_REGISTRYINDEX, to_luastring('_LOADED'));
    lua.lua_getfield(state, 1, to_luastring('math'));
    this.define('floor', whole(Math.floor));
    this.define('ceil', whole(Math.ceil));
    // Of the table library since Lua 5.2
    lua.lua_getfield(state, lua.LUA_REGISTRYINDEX, to_luastring('_LOADED'));
    lua.lua_getfield(state, -1, to_luastring('table'));
    lua.lua_getfield(state, -1, to_luastring('unpack'));
    lua.lua_setglobal(state, to_luastring('unpack'));
    lua.lua_settop(state, 0);
    lua.lua_createtable(state, 0, 2);
    this.define('call', () => this.redisCall(true));
    this.define('pcall', () => this.redisCall(false));
    lua.lua_setglobal(state, to_luastring('redis'));
  }

  /**
   * @returns what evalshaBuffer answers: numbers, Buffers, null and lists of them
   * @throws ReplyError
   */
  run(
    source: string,
    keys: readonly (string | Buffer)[],
    args: readonly (string | Buffer)[],
    call: RedisCall,
  ): unknown {
    const { state } = this;
    lua.lua_settop(state, 0);
    this.setWords(KEYS, keys);
    this.setWords(ARGV, args);
    lua.lua_rawgeti(state, lua.LUA_REGISTRYINDEX, this.chunk(source));
    this.call = call;
    this.bug = undefined;
    const status = lua.lua_pcall(state, 0, 1, 0);
    this.call = noCall;
    if (this.bug !== undefined) throw (this.bug as { error: unknown }).error;
    if (status !== lua.LUA_OK) throw this.failure();
    return this.reply(1);
  }

  private open(name: string, library: (state: LuaState) => number): void {
    lauxlib.luaL_requiref(this.state, to_luastring(name), library, 1);
  }

  private define(name: string, body: (state: LuaState) => number): void {
    lua.lua_pushcfunction(this.state, body);
    lua.lua_setfield(this.state, -2, to_luastring(name));
  }

  private chunk(source: string): number {
    const known = this.compiled.get(source);
    if (known !== undefined) return known;
    const { state } = this;
    const bytes = to_luastring(source);
    if (lauxlib.luaL_loadbuffer(state, bytes, bytes.length, to_luastring('@user_script')) !== lua.LUA_OK)
      throw this.failure();
    const reference = lauxlib.luaL_ref(state, lua.LUA_REGISTRYINDEX);
    this.compiled.set(source, reference);
    return reference;
  }

  private setWords(name: Uint8Array, words: readonly (string | Buffer)[]): void {
    const { state } = this;
    lua.lua_createtable(state, words.length, 0);
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      const bytes = typeof word === 'string' ? Buffer.from(word, 'utf8') : word;
      lua.lua_pushlstring(state, bytes, bytes.length);
      lua.lua_rawseti(state, 1, i + 1);
    }
    lua.lua_setglobal(state, name);
  }

  /** `redis.call`, which raises what Redis refuses, and `redis.pcall`, which returns it. */
  private redisCall(raises: boolean): number {
    const { state } = this;
    try {
      this.push(this.call(this.words()));
      return 1;
    } catch (error) {
      if (!(error instanceof ReplyError)) {
        this.bug ??= { error };
        raises = true;
      }
      this.pushField('err', String((error as Error).message));
    }
    return raises ? lua.lua_error(state) : 1;
  }

  private words(): string[] {
    const { state } = this;
    const words: string[] = [];
    for (let i = 1, count = lua.lua_gettop(state); i <= count; i++) {
      const type = lua.lua_type(state, i);
      if (type === lua.LUA_TSTRING) words.push(latin1(lua.lua_tostring(state, i)!));
      else if (type === lua.LUA_TNUMBER) words.push(asArgument(lua.lua_tonumber(state, i)));
      else throw new ReplyError('ERR Lua redis lib command arguments must be strings or integers');
    }
    return words;
  }

  private push(reply: Reply): void {
    const { state } = this;
    if (typeof reply === 'number') lua.lua_pushnumber(state, reply);
    else if (typeof reply === 'string') pushBytes(state, reply);
    else if (reply === null) lua.lua_pushboolean(state, false);
    else if (reply instanceof Status) this.pushField('ok', reply.text);
    else {
      lua.lua_createtable(state, reply.length, 0);
      for (let i = 0; i < reply.length; i++) {
        this.push(reply[i]!);
        lua.lua_rawseti(state, -2, i + 1);
      }
    }
  }

  private pushField(name: string, text: string): void {
    lua.lua_createtable(this.state, 0, 1);
    pushBytes(this.state, text);
    lua.lua_setfield(this.state, -2, to_luastring(name));
  }

  /** What a script returns: numbers are cut, `false` is nothing, a list ends before the first nil. */
  private reply(index: number): unknown {
    const { state } = this;
    switch (lua.lua_type(state, index)) {
      case lua.LUA_TSTRING:
        return Buffer.from(lua.lua_tostring(state, index)!);
      case lua.LUA_TNUMBER:
        return Math.trunc(lua.lua_tonumber(state, index));
      case lua.LUA_TBOOLEAN:
        return lua.lua_toboolean(state, index) ? 1 : null;
      case lua.LUA_TTABLE:
        return this.tableReply(index);
      default:
        return null;
    }
  }

  private tableReply(index: number): unknown {
    const { state } = this;
    const items: unknown[] = [];
    for (let i = 1; ; i++) {
      const type = lua.lua_rawgeti(state, index, i);
      if (type !== lua.LUA_TNIL) items.push(this.reply(lua.lua_gettop(state)));
      lua.lua_settop(state, -2);
      if (type === lua.LUA_TNIL) break;
    }
    if (items.length > 0) return items;
    const problem = this.field(index, 'err');
    if (problem !== undefined) throw new ReplyError(problem);
    const status = this.field(index, 'ok');
    return status === undefined ? items : Buffer.from(status, 'latin1');
  }

  private field(index: number, name: string): string | undefined {
    const type = lua.lua_getfield(this.state, index, to_luastring(name));
    const text = type === lua.LUA_TSTRING ? latin1(lua.lua_tostring(this.state, -1)!) : undefined;
    lua.lua_settop(this.state, -2);
    return text;
  }

  private failure(): ReplyError {
    const index = lua.lua_gettop(this.state);
    if (lua.lua_type(this.state, index) === lua.LUA_TTABLE)
      return new ReplyError(this.field(index, 'err') ?? 'ERR');
    const fact = lua.lua_tostring(this.state, index);
    return new ReplyError(`ERR ${fact === null ? 'unknown error' : latin1(fact)}`);
  }
}

const KEYS = to_luastring('KEYS');
const ARGV = to_luastring('ARGV');

function noCall(): never {
  throw new Error('no script is running');
}

/** As in Lua 5.1, where every number is a double. */
function tonumber(state: LuaState): number {
  if (lua.lua_gettop(state) > 1) throw new Error('the model has no tonumber() with a base');
  const type = lua.lua_type(state, 1);
  const number = type === lua.LUA_TNUMBER || type === lua.LUA_TSTRING ? lua.lua_tonumberx(state, 1) : false;
  if (number === false) lua.lua_pushnil(state);
  else lua.lua_pushnumber(state, number);
  return 1;
}

function whole(round: (value: number) => number): (state: LuaState) => number {
  return state => {
    lua.lua_pushnumber(state, round(lua.lua_tonumber(state, 1)));
    return 1;
  };
}

/** A number as an argument of a command: `%.17g`. */
function asArgument(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e17 ? `${value}` : `${Number(value.toPrecision(17))}`;
}

function pushBytes(state: LuaState, bytes: string): void {
  lua.lua_pushlstring(state, Buffer.from(bytes, 'latin1'), bytes.length);
}

/** Kept with the bytes, since a script names the same commands, fields and keys over and over. */
function latin1(bytes: Uint8Array & { asText?: string }): string {
  return (bytes.asText ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1'));
}
