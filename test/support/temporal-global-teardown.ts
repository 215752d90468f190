import { stopTemporalFixture } from './temporal-fixture';

export default stopTemporalFixture;
