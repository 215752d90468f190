import { startTemporalFixture } from './temporal-fixture';

export default startTemporalFixture;
