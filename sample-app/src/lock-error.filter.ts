import { Catch, HttpException, HttpStatus, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { DistributedLockError } from 'nestjs-distributed-lock';

/**
 * Answers 409 where another holds the lock for too long, and 503 where nobody can say or the lock was lost. Clients get the
 * code; the message names hosts, and is for logs.
 */
@Catch(DistributedLockError)
export class LockErrorFilter extends BaseExceptionFilter {
  override catch({ code }: DistributedLockError, host: ArgumentsHost): void {
    const isHeld = code === 'LOCK_TIMEOUT' || code === 'LOCK_HELD';
    const status = isHeld ? HttpStatus.CONFLICT : HttpStatus.SERVICE_UNAVAILABLE;
    super.catch(new HttpException({ statusCode: status, code }, status), host);
  }
}
