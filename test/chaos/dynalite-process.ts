/** Dynalite as a process of its own, so that it can be stopped and killed; its rows are kept in files. */
import dynalite from 'dynalite';

const options = { path: process.env.DATA!, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 };
process.on('disconnect', () => process.exit());
dynalite(options).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('listening'));
