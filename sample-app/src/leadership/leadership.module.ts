import { Module } from '@nestjs/common';
import { LeadershipController } from './leadership.controller.js';
import { TermHistory } from './term-history.js';

/** What the locks of this service look like from outside. */
@Module({ controllers: [LeadershipController], providers: [TermHistory] })
export class LeadershipModule {}
