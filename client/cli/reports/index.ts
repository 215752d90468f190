/** Reports as pure functions: what a verb found, as lines for a person and as JSON for a program. */
export * from './apply';
export * from './capture';
export * from './changes';
export * from './columns';
export * from './copy';
export * from './dead-letters';
export * from './doctor';
export * from './figures';
export * from './health';
export * from './list';
export * from './plan';
export * from './schedule';
export * from './sequences';
export * from './status';
export * from './values';
export * from './verify';
