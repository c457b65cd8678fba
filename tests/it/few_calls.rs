//! How many calls a deploy with nothing to change makes, however many servers there are.

use std::collections::BTreeMap;

use crate::support::transfer::{Life, Seed};
use crate::support::world::World;

/// Servers of others: with ours as many as one page of the list holds.
const OTHERS: usize = 999;

/// Every call, and how often it came.
fn calls(world: &World) -> BTreeMap<String, usize> {
    let aws = world.aws.calls().into_iter().map(|call| format!("{} {}", call.service, call.action));
    let transfer = world.transfer.calls().into_iter().map(|call| call.operation);
    let mut calls = BTreeMap::new();
    aws.chain(transfer).for_each(|call| *calls.entry(call).or_default() += 1);
    calls
}

/// A deploy that must find nothing to change, and its calls.
fn unchanged(world: &World) -> BTreeMap<String, usize> {
    world.clear();
    let ran = world.run("deploy", &[]);
    assert_eq!(ran.json()["result"], "unchanged", "{ran}");
    calls(world)
}

#[test]
fn the_server_is_found_among_a_thousand_as_if_it_were_alone() {
    let world = World::deployed();
    let alone = unchanged(&world);
    assert!(alone.values().sum::<usize>() <= 10, "{alone:?}");
    assert_eq!(alone.get("DescribeServer"), Some(&1), "{alone:?}");

    for _ in 0..OTHERS {
        world.transfer.seed(Seed::foreign());
    }
    assert_eq!(unchanged(&world), alone);

    // A hint that is wrong is only a hint: the account is searched, and the next deploy has a right one.
    let gone = world.the_server();
    world.transfer.set_life(&gone, Life::Gone);
    world.clear();
    world.run("deploy", &[]).expect_code(0);
    let searched = calls(&world);
    // The plan searches, and whoever has the lease searches again; after CreateServer only the new server is looked at.
    assert!(searched["DescribeServer"] <= 2 * (OTHERS + 1) + 6, "{searched:?}");
    assert_ne!(world.the_server(), gone);
    assert_eq!(unchanged(&world), alone);
}
