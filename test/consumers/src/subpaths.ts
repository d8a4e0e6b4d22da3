// Types that no optional peer is needed for
export * as root from 'nestjs-distributed-lock';
export * as memory from 'nestjs-distributed-lock/memory';
export * as testing from 'nestjs-distributed-lock/testing';
