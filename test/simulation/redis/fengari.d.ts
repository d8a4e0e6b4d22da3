/** The part of fengari, Lua 5.3 in JavaScript, that is used here. Strings of Lua are bytes. */
declare module 'fengari' {
  /** A Lua state; nothing in it is ours to touch. */
  export interface LuaState {
    readonly isLuaState: unique symbol;
  }
  type LuaFunction = (state: LuaState) => number;

  interface Fengari {
    lua: {
      LUA_OK: number;
      LUA_TNIL: number;
      LUA_TBOOLEAN: number;
      LUA_TNUMBER: number;
      LUA_TSTRING: number;
      LUA_TTABLE: number;
      LUA_REGISTRYINDEX: number;
      lua_createtable(state: LuaState, array: number, hash: number): void;
      lua_error(state: LuaState): number;
      lua_getfield(state: LuaState, index: number, name: Uint8Array): number;
      lua_gettop(state: LuaState): number;
      lua_pcall(state: LuaState, args: number, results: number, handler: number): number;
      lua_pushboolean(state: LuaState, value: boolean): void;
      lua_pushcfunction(state: LuaState, body: LuaFunction): void;
      lua_pushlstring(state: LuaState, bytes: Uint8Array, length: number): void;
      lua_pushnil(state: LuaState): void;
      lua_pushnumber(state: LuaState, value: number): void;
      lua_rawgeti(state: LuaState, index: number, key: number): number;
      lua_rawseti(state: LuaState, index: number, key: number): void;
      lua_setfield(state: LuaState, index: number, name: Uint8Array): void;
      lua_setglobal(state: LuaState, name: Uint8Array): void;
      lua_settop(state: LuaState, index: number): void;
      lua_toboolean(state: LuaState, index: number): boolean;
      lua_tonumber(state: LuaState, index: number): number;
      lua_tonumberx(state: LuaState, index: number): number | false;
      lua_tostring(state: LuaState, index: number): Uint8Array | null;
      lua_type(state: LuaState, index: number): number;
    };
    lauxlib: {
      luaL_loadbuffer(state: LuaState, source: Uint8Array, length: number, name: Uint8Array): number;
      luaL_newstate(): LuaState;
      luaL_ref(state: LuaState, index: number): number;
      luaL_requiref(state: LuaState, name: Uint8Array, open: LuaFunction, isGlobal: number): void;
    };
    lualib: {
      luaopen_base: LuaFunction;
      luaopen_math: LuaFunction;
      luaopen_string: LuaFunction;
      luaopen_table: LuaFunction;
    };
    to_luastring(text: string): Uint8Array;
  }

  const fengari: Fengari;
  export default fengari;
}
