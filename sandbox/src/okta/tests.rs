//! The org over HTTP, as the function and a person with curl see it.

mod factors;
mod service_app;
mod sign_in;
mod stand;

#[tokio::test]
async fn the_port_of_the_last_time_is_taken_again_unless_another_has_it() {
    let first = super::listen(0, None).await.unwrap();
    let port = first.local_addr().unwrap().port();
    let other = super::listen(0, Some(port)).await.unwrap().local_addr().unwrap().port();
    assert_ne!(other, port);
    assert!(super::listen(port, None).await.is_err(), "a port that was asked for is not replaced by another");
    drop(first);
    assert_eq!(super::listen(0, Some(port)).await.unwrap().local_addr().unwrap().port(), port);
}
