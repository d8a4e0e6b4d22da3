import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Module } from '@nestjs/common';
import { STORE } from '../config.js';
import { DynamoDbShardLedger } from './dynamodb-shard-ledger.js';
import { MemoryShardLedger } from './memory-shard-ledger.js';
import { RedisShardLedger } from './redis-shard-ledger.js';
import { ShardLedger } from './shard-ledger.js';
import { ShardService } from './shard.service.js';
import { ShardsController } from './shards.controller.js';

/** Work that is shared out over all replicas, shard by shard. */
@Module({
  controllers: [ShardsController],
  providers: [ShardService, { provide: ShardLedger, useFactory: makeLedger }],
})
export class ShardsModule {}

/** The ledger is kept where leases are. */
function makeLedger(): ShardLedger {
  switch (STORE.type) {
    case 'redis':
      return new RedisShardLedger(STORE.url!);
    case 'dynamodb': {
      const { table, region, endpoint } = STORE;
      return new DynamoDbShardLedger(`${table}-shards`, new DynamoDBClient({ region, endpoint }));
    }
    case 'memory':
      return new MemoryShardLedger();
  }
}
