import { serverOf } from '../support/mysql';
import { describeMatrix, inLongRuns } from './matrix';
import { openMysql } from './places/mysql';
import { CONTROLS, MYSQL_SAMPLES } from './samples/mysql';

const { url = '', missing } = serverOf('mysql');

describeMatrix({
  from: 'MySQL',
  open: () => openMysql('mysql', url),
  ...(missing === undefined ? {} : { missing }),
  samples: MYSQL_SAMPLES,
  targets: [
    ...inLongRuns(['sqlite', 'direct'], ['postgres', 'direct'], ['mariadb', 'direct']),
    ['mysql', 'direct'],
  ],
  controls: CONTROLS,
});
