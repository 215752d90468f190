import { serverOf } from '../support/mysql';
import { describeMatrix } from './matrix';
import { openMysql } from './places/mysql';
import { CONTROLS, MYSQL_SAMPLES } from './samples/mysql';

const { url = '', missing } = serverOf('mariadb');

describeMatrix({
  from: 'MariaDB',
  open: () => openMysql('mariadb', url),
  ...(missing === undefined ? {} : { missing }),
  samples: MYSQL_SAMPLES,
  targets: [
    ['sqlite', 'direct'],
    ['postgres', 'direct'],
    ['mariadb', 'direct'],
    ['mysql', 'direct'],
  ],
  controls: CONTROLS,
});
