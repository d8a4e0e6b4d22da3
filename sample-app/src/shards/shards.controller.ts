import { Controller, Get } from '@nestjs/common';
import { ShardService, type ShardReport } from './shard.service.js';

@Controller('shards')
export class ShardsController {
  constructor(private readonly shards: ShardService) {}

  /** Which shards this replica serves. It asks nobody, so it answers while the store is out of reach. */
  @Get()
  report(): ShardReport {
    return this.shards.report;
  }
}
